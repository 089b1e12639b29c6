// What the page does: lets one player play one URL through Web Audio, and gives back what was heard.
const players = {
  'hls.js': (audio, url, log, ahead) => new Promise((ready, fail) => {
    const hls = new Hls(ahead ? { maxBufferLength: ahead, maxMaxBufferLength: ahead } : {});
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (data.fatal) fail(new Error(`${data.type}: ${data.details}`));
      log.notes.push(data.details); // what it told of and overcame: if it was heard, the samples tell
    });
    hls.on(Hls.Events.LEVEL_SWITCHED, (_, data) => {
      const level = hls.levels[data.level];
      log.renditions.push(`${level.audioCodec || level.codecSet} ${level.bitrate}`);
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => ready({
      lowest: () => { hls.currentLevel = 0; },
      highest: () => { hls.nextLevel = hls.levels.findLastIndex((l) => (l.audioCodec || l.codecSet || '').startsWith('mp4a')); },
      version: Hls.version,
    }));
    hls.attachMedia(audio);
    hls.loadSource(url);
  }),

  Shaka: async (audio, url, log, ahead) => {
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    await player.attach(audio);
    if (ahead) player.configure({ streaming: { bufferingGoal: ahead, rebufferingGoal: 1 } });
    player.addEventListener('error', (e) => log.errors.push(`shaka ${e.detail.code}`));
    const note = () => {
      const t = player.getVariantTracks().find((v) => v.active);
      if (t) log.renditions.push(`${t.audioCodec} ${t.bandwidth}`);
    };
    player.addEventListener('adaptation', note);
    player.addEventListener('variantchanged', note);
    await player.load(url);
    note();
    const aac = () => player.getVariantTracks().filter((t) => t.audioCodec.startsWith('mp4a')).sort((a, b) => a.bandwidth - b.bandwidth);
    const choose = (track, clear) => {
      player.configure({ abr: { enabled: false } });
      player.selectVariantTrack(track, clear);
    };
    return { lowest: () => choose(aac()[0], true), highest: () => choose(aac().at(-1), false), version: shaka.Player.version };
  },

  'dash.js': (audio, url, log, ahead) => new Promise((ready) => {
    const player = dashjs.MediaPlayer().create();
    player.updateSettings({ debug: { logLevel: 0 } });
    if (ahead) player.updateSettings({ streaming: { buffer: { bufferTimeDefault: ahead, bufferTimeAtTopQuality: ahead }, abr: { autoSwitchBitrate: { audio: false }, initialBitrate: { audio: 1 } } } });
    player.on(dashjs.MediaPlayer.events.ERROR, (e) => log.errors.push(`${e.error.code || ''} ${e.error.message || e.error}`));
    const note = () => {
      const r = player.getCurrentRepresentationForType('audio');
      if (r) log.renditions.push(`${r.codecs} ${r.bandwidth}`);
    };
    player.on(dashjs.MediaPlayer.events.QUALITY_CHANGE_RENDERED, note);
    // It has its own end: at the MPD's duration, whatever follows in the last access unit. It then pauses.
    const ended = new Promise((done) => player.on(dashjs.MediaPlayer.events.PLAYBACK_ENDED, done));
    player.on(dashjs.MediaPlayer.events.STREAM_INITIALIZED, () => {
      note();
      const highest = () => {
        const list = [...player.getRepresentationsByType('audio')].sort((a, b) => a.bandwidth - b.bandwidth);
        player.setRepresentationForTypeById('audio', list.at(-1).id, false);
      };
      ready({ lowest: () => {}, highest, version: player.getVersion(), ended });
    });
    player.initialize(audio, url, false);
  }),
};

// base64 of the samples, in slices: String.fromCharCode takes only so many arguments.
function encode(pieces) {
  let text = '';
  for (const piece of pieces) {
    const bytes = new Uint8Array(piece.buffer);
    for (let i = 0; i < bytes.length; i += 0x4000) text += String.fromCharCode(...bytes.subarray(i, i + 0x4000));
  }
  return btoa(text);
}

// A player that is to change its rendition must not have all of the music before.
const ahead = 6; // seconds

const patience = 90_000; // ms, for all there is

const until = (target, event) => new Promise((done) => target.addEventListener(event, done, { once: true }));
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// run plays url as how says: {player, url, seeks: [seconds], change: whether to begin low and go high}.
async function run(how) {
  const log = { errors: [], notes: [], renditions: [], stalls: 0 };
  const context = new AudioContext({ sampleRate: 44100, latencyHint: 0.4 });
  await context.audioWorklet.addModule('/recorder.js');
  const audio = document.body.appendChild(new Audio());
  audio.crossOrigin = 'anonymous';
  const recorder = new AudioWorkletNode(context, 'recorder', { outputChannelCount: [2] });
  context.createMediaElementSource(audio).connect(recorder).connect(context.destination);
  let pieces = [];
  recorder.port.onmessage = (e) => pieces.push(e.data);
  const take = async () => { // what was heard since the last time, to its end in the graph
    await sleep(700);
    const taken = encode(pieces);
    pieces = [];
    return taken;
  };
  const ranges = () => [...Array(audio.buffered.length).keys()].map((i) => `${audio.buffered.start(i)}-${audio.buffered.end(i)}`);
  const stuck = sleep(patience).then(() => {
    throw new Error(`stuck at ${audio.currentTime} s, ready state ${audio.readyState}, buffered ${ranges()}, ${JSON.stringify(log.errors)} ${log.notes}`);
  });
  stuck.catch(() => {}); // whoever waits for something races it
  const player = await Promise.race([players[how.player](audio, how.url, log, how.change ? ahead : 0), stuck]);
  log.version = player.version;
  if (how.change) player.lowest();
  if (audio.readyState < 3) await Promise.race([until(audio, 'canplay'), stuck]);
  audio.addEventListener('waiting', () => { if (!audio.seeking && !audio.ended) log.stalls++; });
  const failed = until(audio, 'error').then(() => { throw new Error(`media error ${audio.error.code}: ${audio.error.message}`); });
  if (how.change) audio.addEventListener('timeupdate', () => { if (audio.currentTime > 1 && !log.changed) { log.changed = true; player.highest(); } });
  const ended = Promise.race([until(audio, 'ended'), player.ended || new Promise(() => {})]);
  await Promise.race([audio.play(), failed, stuck]);
  await Promise.race([ended, failed, stuck]);
  log.duration = audio.duration;
  log.fetched = performance.getEntriesByType('resource').map((e) => e.name.split('/').slice(-2)).filter((n) => /^\d+\.m4s/.test(n[1])).map((n) => n[0]);
  log.whole = await take();
  log.seeks = [];
  for (const to of how.seeks || []) {
    audio.pause();
    const sought = until(audio, 'seeked');
    audio.currentTime = to;
    await Promise.race([sought, failed, stuck]);
    await take();
    await audio.play();
    await sleep(1500);
    audio.pause();
    log.seeks.push(await take());
  }
  return log;
}
