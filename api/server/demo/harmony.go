package demo

// chord is a harmony as it is laid out on the keys: the bass's note and the four voices above it, low
// to high. The voicings are written by hand so that from one chord to the next most voices stay or move
// by a step.
type chord struct {
	bass   int
	voices [4]int
}

// harmonies gives every chord of the piece, by its name.
//
// The first movement is in D minor; its C9sus is the dominant of the second's F minor. The third
// lowers the D flat major it inherits to C sharp minor, and its B9sus, bound for E, rises to C major
// instead: the fourth movement's first chord, in the light of G.
func harmonies() map[string]chord {
	return map[string]chord{
		"Bbmaj9": {34, [4]int{53, 57, 60, 62}},
		"Am7":    {33, [4]int{52, 55, 60, 62}},
		"Dm9":    {38, [4]int{53, 57, 60, 64}},
		"C9sus":  {36, [4]int{55, 58, 62, 65}},
		"Gm9":    {31, [4]int{53, 57, 58, 62}},

		"Fm9":    {29, [4]int{56, 60, 63, 67}},
		"Dbmaj9": {37, [4]int{56, 60, 63, 65}},
		"Bbm9":   {34, [4]int{56, 60, 61, 65}},
		"Cm7":    {36, [4]int{55, 58, 63, 65}},
		"Eb9sus": {39, [4]int{56, 58, 61, 65}},

		"C#m9":  {37, [4]int{52, 56, 59, 63}},
		"Amaj9": {33, [4]int{52, 56, 59, 61}},
		"F#m9":  {30, [4]int{52, 56, 57, 61}},
		"E/G#":  {32, [4]int{52, 54, 59, 63}},
		"B9sus": {35, [4]int{54, 57, 61, 64}},

		"Cmaj9": {36, [4]int{52, 55, 59, 62}},
		"D6":    {38, [4]int{54, 57, 59, 64}},
		"Bm7":   {35, [4]int{54, 57, 62, 64}},
		"Em9":   {28, [4]int{55, 59, 62, 66}},
		"Am9":   {33, [4]int{55, 59, 60, 64}},
		"D9sus": {38, [4]int{55, 57, 60, 64}},
		"Gmaj9": {31, [4]int{54, 57, 59, 62}},
	}
}

// movement is one track of the album.
type movement struct {
	title string
	key   string // as taggers write it
	first int    // bar of the piece
	bars  int    // of them, the last movement's ring included
	chart string // one chord a bar; "." goes on with the one before
}

func movements() []movement {
	list := []movement{
		{title: "Harbour Light", key: "Dm", chart: `
			Bbmaj9 Am7 Dm9 C9sus   Bbmaj9 Am7 Dm9 C9sus
			Bbmaj9 Am7 Dm9 C9sus   Bbmaj9 Am7 Gm9 Dm9
			Bbmaj9 Am7 Dm9 C9sus   Gm9 Am7 Bbmaj9 C9sus`},
		{title: "Open Water", key: "Fm", chart: `
			Fm9 Dbmaj9 Bbm9 Cm7    Fm9 Dbmaj9 Bbm9 Cm7
			Fm9 Dbmaj9 Bbm9 Cm7    Fm9 Dbmaj9 Bbm9 Eb9sus
			Dbmaj9 Eb9sus Bbm9 Cm7
			Fm9 Dbmaj9 Bbm9 Cm7    Fm9 Dbmaj9 Bbm9 Dbmaj9`},
		{title: "Night Ferry", key: "C#m", chart: `
			C#m9 . Amaj9 .
			C#m9 . Amaj9 .         F#m9 . E/G# B9sus
			C#m9 . Amaj9 .         F#m9 . E/G# B9sus
			F#m9 E/G# Amaj9 B9sus`},
		{title: "Landfall", key: "G", chart: `
			Cmaj9 D6 Bm7 Em9       Cmaj9 D6 Am9 D9sus
			Cmaj9 D6 Bm7 Em9       Cmaj9 D6 Am9 D9sus
			Am9 Bm7 Cmaj9 D9sus    Em9 D6 Cmaj9 D9sus
			Cmaj9 Am9 D9sus Gmaj9  . . .`},
	}
	bar := 0
	for i := range list {
		list[i].first = bar
		list[i].bars = len(chartOf(list[i].chart))
		bar += list[i].bars
	}
	return list
}
