package main

import "github.com/segue-audio/segue/player"

// reason is why a file of the corpora isn't played, or not as it should be, and what the player calls that.
type reason struct {
	text string
	verdict
	kind player.Kind // zero for what is decoded to its end
	// files are patterns of path.Match, from the corpora's folder.
	files []string
}

// verdict is what a reason says of the player.
type verdict int

const (
	excused   verdict = iota // nobody could play it, or the player doesn't offer to
	hidden                   // it plays; some packets are damaged, and that is hidden
	shortfall                // it should play, and doesn't, or not rightly
)

// reasons name every file that has something of a media file and isn't to be played to its last packet. It is
// a claim about the files, made by looking at them: what isn't named here has to play, and what is named
// must not.
var reasons = []reason{
	{"pictures or text alone, no sound", excused, player.KindContainerUnsupported, []string{
		"media3/mp4/bbb_176x144_1*", "media3/mp4/fragmented_captions*.mp4", "media3/mp4/h265_bframes.mp4", "media3/mp4/iibbibb_editlist_videoonly.mp4",
		"media3/mp4/sample_18byte_nclx_colr.mp4", "media3/mp4/sample_android_slow_motion.mp4", "media3/mp4/sample_fragmented_seekable_multiple_sidx.mp4",
		"media3/mp4/sample_fragmented_sgpd_v2.mp4", "media3/mp4/sample_fragmented_variable_length_sgpd.mp4", "media3/mp4/sample_sef_super_slow_motion.mp4",
		"media3/mp4/sample_video_only.mp4", "media3/mp4/sample_vvc.mp4", "media3/mp4/sample_with_av1c.mp4", "media3/mp4/sample_with_invalid_nalu.mp4",
		"media3/mp4/sample_with_it35_track.mp4", "media3/mp4/water_180_mvhevc_5frames.mov", "media3/drm/sample_av1c_fragmented_clearkey.mp4",
		"media3/dash/*/*video*.mp4", "media3/dash/*/*text*.mp4", "media3/dash/captions_h265/*.mp4",
		"media3/hls/standalone-webvtt/sample.mp4", "media3/hls/ttml-in-mp4/*.mp4",
		"mp4ff/cbcs.mp4", "mp4ff/cbcsdec.mp4", "mp4ff/v300_multiple_segments.mp4", "mp4ff/vvc_400kbps_2s.mp4"}},
	{"encrypted, and no key for it (DRM)", excused, player.KindKeyUnsupported, []string{
		"media3/mp4/sample_ac4_protected.mp4", "mp4ff/cbcs_audio.mp4", "mp4ff/prog_8s_enc_dashinit.mp4"}},
	{"a coding that isn't built in: AC-3, E-AC-3, AC-4, DTS, TrueHD, MPEG-H, IAMF, AMR, ADPCM, MPEG Layers I and II", excused, player.KindCodecUnsupported, []string{
		"media3/mp4/5p1_iamf_opus.mp4", "media3/mp4/bbb_mono_*_amr*.3gp", "media3/mp4/sample_ac3.mp4", "media3/mp4/sample_ac3_fragmented.mp4",
		"media3/mp4/sample_ac4.mp4", "media3/mp4/sample_ac4_fragmented.mp4", "media3/mp4/sample_ac4_level4*.mp4", "media3/mp4/sample_dthd.mp4",
		"media3/mp4/sample_dts_*.mp4", "media3/mp4/sample_eac3*.mp4", "media3/mp4/sample_fragmented_dts_*.mp4", "media3/mp4/sample_*iamf.mp4",
		"media3/mp4/sample_mhm1_*.mp4", "media3/mp4/sample_mpegh_*.mp4", "media3/mp4/sample_with_vobsub.mp4",
		"media3/wav/sample_ima_adpcm.wav", "media3/ts/bbb_2500ms.ts", "media3/mka/sample_with_dts_express.mka",
		"mp3-vectors/ILL4_*.bit", "mp4ff/iamf.mp4"}},
	{"MPEG Layer II that the file calls Layer III", excused, player.KindDecode, []string{"media3/mp4/sample_mp2_audio.mp4"}},
	{"offsets that were wrong from when something was put in front of them", excused, player.KindDecode, []string{
		"media3/mp4/sample_fragmented_uuid.mp4", "media3/drm/sample_fragmented_widevine.mp4"}},
	{"broken on purpose, or too little of a file", excused, player.KindContainer, []string{
		"media3/mp3/1024_incrementing_bytes.mp3", "media3/mp4/sample_missing_stsd.mp4", "media3/mp4/sample_fragmented_sideloaded_track.mp4",
		"mp4ff/init_truncated.mp4", "mp4ff/2xSencNoMdat.mp4"}},
	{"headers and tags without a frame of sound", excused, player.KindContainer, []string{
		"mp3-vectors/l3-nonstandard-id3v2-only.bit", "mp3-vectors/l3-nonstandard-vbrtag-*.bit", "media3/id3/*.id3"}},
	{"frames alone, without the headers that say what they are", shortfall, player.KindContainer, []string{
		"flac-test-files/uncommon/1[01] - *.flac"}},
	{"plays, its damaged packets hidden", hidden, 0, []string{
		"flac-test-files/faulty/08 - blocksize 65536.flac", "mp3-vectors/l3-nonstandard-big-iscf.bit",
		"mp3-vectors/l3-nonstandard-compl-sideinfo-blocktype.bit"}},
	{"what comes with another count of channels is silent", shortfall, 0, []string{
		"flac-test-files/uncommon/0[23] - *creasing number of channels.flac"}},
	{"what comes at another sample rate is played at the first one's", shortfall, 0, []string{
		"flac-test-files/uncommon/01 - changing samplerate.flac"}},
}

// manifestReasons do the same for manifests that are refused.
var manifestReasons = []reason{
	{"no sound in it", excused, player.KindManifestUnsupported, []string{
		"media3/dash/captions_h265/manifest.mpd", "media3/dash/empty-segment-timeline/sample.mpd", "media3/dash/multi-period-*/sample.mpd",
		"media3/dash/multi-segment-with-emsg*/manifest.mpd", "media3/dash/multi-track/sample.mpd", "media3/dash/standalone-*/sample.mpd",
		"media3/dash/thumbnails/sample.mpd", "media3/dash/ttml-in-mp4/sample.mpd", "media3/dash/webvtt-in-mp4*/*.mpd",
		"media3/hls/*/multivariant_playlist.m3u8", "hls-m3u8/master-with-hlsv7.m3u8", "hls-m3u8/media-playlist-with-iframes-only*.m3u8"}},
	{"a part of a playlist, for who has the rest (EXT-X-SKIP)", excused, player.KindManifest, []string{
		"media3/m3u8/*_skipped", "media3/m3u8/*_skipped_media_sequence_no_overlapping", "hls-m3u8/media-playlist-with-skip.m3u8"}},
	{"variables that the URL has to bring (EXT-X-DEFINE)", excused, player.KindManifest, []string{
		"hls-m3u8/master-with-defines*.m3u8", "hls-m3u8/master-with-req-video-layout.m3u8", "hls-m3u8/media-playlist-with-queryparam.m3u8"}},
	{"broken on purpose", excused, player.KindManifest, []string{
		"hls-m3u8/bad-media-playlist-with-gap.m3u8", "hls-m3u8/media-playlist-with-cue-out-in-without-oatcls.m3u8",
		"hls-m3u8/media-playlist-with-key.m3u8", "media3/m3u8/media_playlist_vod_empty"}},
}
