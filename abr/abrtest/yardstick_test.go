package abrtest_test

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/segue-audio/segue/abr/abrtest"
)

// recordings gives the folder of recorded links, and skips the test where there is none. They are looked
// for in the folder that SEGUE_ABR names, else in ../shared/abr seen from the project's root.
func recordings(t testing.TB) fs.FS {
	t.Helper()
	root := os.Getenv("SEGUE_ABR")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "abr")
	}
	dir := filepath.Join(root, "traces", "dev")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no recorded links in %s (set SEGUE_ABR)", dir)
	}
	return os.DirFS(dir)
}

// TestYardstick holds client and optimum to what another implementation of the same metric found on
// recorded links, to the ninth decimal.
func TestYardstick(t *testing.T) {
	folder := recordings(t)
	f, err := os.Open(filepath.Join("testdata", "yardstick.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	optima, compared := 0, 0
	for _, row := range rows[1:] {
		if row[2] == "optimum" {
			if optima++; optima > 1 && os.Getenv("SEGUE_SWEEP") == "" {
				continue
			}
		}
		got, ok := yardstick(t, folder, row[0], row[1], row[2])
		want, err := strconv.ParseFloat(row[3], 64)
		if !ok || err != nil {
			continue
		}
		compared++
		if math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
			t.Errorf("%s on %s in %s: %.10f, want %.10f", row[2], row[1], row[0], got, want)
		}
	}
	if compared == 0 {
		t.Skip("none of the recorded links is known here")
	}
}

// yardstick gives the QoE of one row; ok is false where the link isn't among the recorded ones.
func yardstick(t *testing.T, folder fs.FS, cellText, link, algorithm string) (qoe float64, ok bool) {
	t.Helper()
	cell, err := abrtest.ParseCell(cellText)
	if err != nil {
		t.Fatal(err)
	}
	file, err := folder.Open(cell.Network + "/" + link + ".csv")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false
	} else if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	trace, err := abrtest.ReadTrace(link, file)
	if err != nil {
		t.Fatal(err)
	}
	client, err := cell.Client(trace)
	if err != nil {
		t.Fatal(err)
	}
	var a abrtest.Algorithm = &script{indexes: []int{map[string]int{"lowest": 0, "highest": 5}[algorithm]}}
	if algorithm == "optimum" {
		plan, _, err := client.Optimum(abrtest.Precision{})
		if err != nil {
			t.Fatal(err)
		}
		a = plan
	}
	return play(t, client, a).QoE, true
}
