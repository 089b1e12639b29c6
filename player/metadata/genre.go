package metadata

import (
	"strconv"
	"strings"
)

// genreNames are ID3v1's genres with Winamp's, one after the other, parted by commas.
const genreNames = `Blues,Classic Rock,Country,Dance,Disco,Funk,Grunge,Hip-Hop,Jazz,Metal,New Age,Oldies,Other,Pop,R&B,Rap,
Reggae,Rock,Techno,Industrial,Alternative,Ska,Death Metal,Pranks,Soundtrack,Euro-Techno,Ambient,Trip-Hop,Vocal,
Jazz+Funk,Fusion,Trance,Classical,Instrumental,Acid,House,Game,Sound Clip,Gospel,Noise,Alternative Rock,Bass,Soul,
Punk,Space,Meditative,Instrumental Pop,Instrumental Rock,Ethnic,Gothic,Darkwave,Techno-Industrial,Electronic,
Pop-Folk,Eurodance,Dream,Southern Rock,Comedy,Cult,Gangsta,Top 40,Christian Rap,Pop/Funk,Jungle,Native American,
Cabaret,New Wave,Psychedelic,Rave,Showtunes,Trailer,Lo-Fi,Tribal,Acid Punk,Acid Jazz,Polka,Retro,Musical,
Rock & Roll,Hard Rock,Folk,Folk-Rock,National Folk,Swing,Fast-Fusion,Bebop,Latin,Revival,Celtic,Bluegrass,
Avantgarde,Gothic Rock,Progressive Rock,Psychedelic Rock,Symphonic Rock,Slow Rock,Big Band,Chorus,Easy Listening,
Acoustic,Humour,Speech,Chanson,Opera,Chamber Music,Sonata,Symphony,Booty Bass,Primus,Porn Groove,Satire,Slow Jam,
Club,Tango,Samba,Folklore,Ballad,Power Ballad,Rhythmic Soul,Freestyle,Duet,Punk Rock,Drum Solo,A Cappella,
Euro-House,Dance Hall,Goa,Drum & Bass,Club-House,Hardcore,Terror,Indie,BritPop,Afro-Punk,Polsk Punk,Beat,
Christian Gangsta Rap,Heavy Metal,Black Metal,Crossover,Contemporary Christian,Christian Rock,Merengue,Salsa,
Thrash Metal,Anime,JPop,Synthpop,Abstract,Art Rock,Baroque,Bhangra,Big Beat,Breakbeat,Chillout,Downtempo,Dub,EBM,
Eclectic,Electro,Electroclash,Emo,Experimental,Garage,Global,IDM,Illbient,Industro-Goth,Jam Band,Krautrock,
Leftfield,Lounge,Math Rock,New Romantic,Nu-Breakz,Post-Punk,Post-Rock,Psytrance,Shoegaze,Space Rock,Trop Rock,
World Music,Neoclassical,Audiobook,Audio Theatre,Neue Deutsche Welle,Podcast,Indie Rock,G-Funk,Dubstep,Garage Rock,
Psybient`

// genreName is the genre of a number; empty where there is none.
func genreName(n int) string {
	names := strings.Split(genreNames, ",")
	if n < 0 || n >= len(names) {
		return ""
	}
	return strings.TrimSpace(names[n])
}

// genres reads ID3's ways to say a genre: in words, by number, "(17)", "(4)Eurodisco", "(RX)". A zero
// parts several.
func genres(s string) string {
	if name := genreCode(strings.TrimSpace(s)); name != "" {
		return name
	}
	var codes []string
	for strings.HasPrefix(s, "(") && !strings.HasPrefix(s, "((") {
		code, rest, ok := strings.Cut(s[1:], ")")
		name := genreCode(code)
		if !ok || name == "" {
			break
		}
		codes, s = append(codes, name), rest
	}
	if s = strings.Replace(s, "((", "(", 1); s != "" {
		return s // in words: a refinement of the codes in front
	}
	return strings.Join(codes, "\x00")
}

func genreCode(s string) string {
	switch s {
	case "RX":
		return "Remix"
	case "CR":
		return "Cover"
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return ""
	}
	return genreName(n)
}
