#!/bin/sh
# fuzz.sh TIME PACKAGE...: runs every fuzz target for TIME, one after the other, because go test takes
# only one at a time. Goes on after a finding and fails at the end. An input isn't made smaller first:
# on decoders that takes all of the time.
set -eu
GO=${GO:-go}
duration=${1:?usage: fuzz.sh TIME PACKAGE...}
shift

root=$(pwd)
found=
count=0
for dir in $("$GO" list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' "$@"); do
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$dir"/*_test.go); do
		package=.${dir#"$root"}
		count=$((count + 1))
		printf '== %s %s\n' "$package" "$target"
		"$GO" test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" -fuzzminimizetime 1x "$package" || found="$found $package:$target"
	done
done

if [ -n "$found" ]; then
	printf 'fuzz: found something:%s\n' "$found" >&2
	printf 'fuzz: the input lies in testdata/fuzz of the package; commit it with the cure\n' >&2
	exit 1
fi
printf 'fuzz: %d targets, nothing found\n' "$count"
