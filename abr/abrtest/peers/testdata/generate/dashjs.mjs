// dash.js's own AbrController, its rules and its ThroughputController play the cases:
// npm install dashjs; node dashjs.mjs ../links.json dynamic > ../dashjs_dynamic.json
// The second argument is dynamic, full (the same with a buffer that is filled), throughput or bola.
import fs from 'node:fs';
import path from 'node:path';
import { play } from './session.mjs';

// The package has its sources in the map of its bundle; they are laid out beside node_modules.
const home = path.join(process.cwd(), 'node_modules/dashjs');
const version = JSON.parse(fs.readFileSync(path.join(home, 'package.json'))).version;
const out = path.join(process.cwd(), 'dashjs-sources');
const map = JSON.parse(fs.readFileSync(path.join(home, 'dist/modern/esm/dash.mediaplayer.debug.js.map')));
map.sources.forEach((name, i) => {
  const at = name.match(/^webpack:\/\/dashjs\/\.\/((src|externals)\/[^?]*)/);
  if (!at || !map.sourcesContent[i]) return;
  const file = path.join(out, at[1]);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, map.sourcesContent[i]);
});
fs.writeFileSync(path.join(out, 'package.json'), '{"type":"module"}');

// What dash.js expects of a browser. The controller's timeout (of an abandonment) runs on the session's clock.
let clock = 0;
let timers = [];
globalThis.window = globalThis;
globalThis.self = globalThis;
globalThis.setTimeout = (f, ms) => {
  const timer = { at: clock + ms, f };
  timers.push(timer);
  return timer;
};
globalThis.clearTimeout = (timer) => (timers = timers.filter((t) => t !== timer));
const setClock = (now) => {
  clock = now;
  for (const t of timers.filter((t) => t.at <= now)) t.f();
  timers = timers.filter((t) => t.at > now);
};
Date.now = () => clock;
const at = (ms) => ({ getTime: () => ms }); // a Date that is not rounded to milliseconds

const source = async (name) => (await import(path.join(out, 'src', name))).default;
const EventBus = await source('core/EventBus.js');
const Events = await source('core/events/Events.js');
const CoreEvents = await source('core/events/CoreEvents.js');
const MediaPlayerEvents = await source('streaming/MediaPlayerEvents.js');
const Settings = await source('core/Settings.js');
const Debug = await source('core/Debug.js');
const AbrController = await source('streaming/controllers/AbrController.js');
const ThroughputController = await source('streaming/controllers/ThroughputController.js');
const FactoryMaker = await source('core/FactoryMaker.js');
Events.extend(CoreEvents);
Events.extend(MediaPlayerEvents);

const mode = process.argv[3];

class Peer {
  poll = 50;

  start(s) {
    setClock(s.now);
    timers = [];
    const context = {};
    this.bus = EventBus(context).getInstance();
    this.settings = Settings(context).getInstance();
    const buffer = mode === 'full' ? { bufferTimeDefault: s.room / 1000, bufferTimeAtTopQuality: s.room / 1000 } : {};
    this.settings.update({
      debug: { logLevel: 0 },
      streaming: {
        buffer,
        abr: { rules: { bolaRule: { active: mode !== 'throughput' }, throughputRule: { active: mode !== 'bola' } } },
      },
    });
    Debug(context).getInstance({ settings: this.settings });
    const peer = this;
    this.defaultBuffer = Math.min(this.settings.get().streaming.buffer.bufferTimeDefault, s.room / 1000);
    this.topBuffer = Math.min(this.settings.get().streaming.buffer.bufferTimeAtTopQuality, s.room / 1000);
    this.level = 0;
    this.state = 'bufferStalled';
    this.dashMetrics = { getCurrentBufferLevel: () => this.level, getCurrentBufferState: () => ({ state: this.state }) };
    const mediaPlayerModel = { getBufferTimeDefault: () => this.defaultBuffer, getAbrBitrateParameter: () => -1 };
    const playbackController = { getIsDynamic: () => false, getLowLatencyModeEnabled: () => false };
    this.scheduleController = {
      setTimeToLoadDelay: (ms) => (peer.delay = ms),
      getPlaybackController: () => playbackController,
    };
    this.throughput = ThroughputController(context).getInstance();
    this.throughput.setConfig({ settings: this.settings, playbackController });
    this.throughput.initialize();
    this.saved = NaN; // of domStorage
    this.abr = AbrController(context).getInstance();
    this.abr.setConfig({
      settings: this.settings, mediaPlayerModel, dashMetrics: this.dashMetrics, throughputController: this.throughput,
      adapter: { getVoRepresentations: (info) => info.representations, areMediaInfosEqual: (a, b) => a === b },
      capabilities: { areKeyIdsUsable: () => true },
      customParametersModel: { getAbrCustomRules: () => [] },
      domStorage: { setSavedBitrateSettings: (_, kbps) => (peer.saved = kbps), getSavedBitrateSettings: () => peer.saved },
      videoModel: { getPlaybackQuality: () => null },
      streamController: { getActiveStreamInfo: () => this.stream },
    });
    this.abr.initialize();
    this.bus.on(MediaPlayerEvents.QUALITY_CHANGE_REQUESTED, (e) => (this.current = e.newRepresentation), this);
    this.track = -1;
  }

  see(s) {
    setClock(s.now);
    this.level = s.buffer / 1000;
    if (s.started) this.state = this.level <= this.settings.get().streaming.buffer.stallThreshold ? 'bufferStalled' : 'bufferLoaded';
    this.bus.trigger(MediaPlayerEvents.METRIC_ADDED, { metric: 'BufferLevel', mediaType: 'audio', value: { level: s.buffer } });
  }

  period(s, n) {
    if (s.trackOf(n) === this.track) return;
    this.track = s.trackOf(n);
    const stream = { id: `period${this.track}`, manifestInfo: { isDynamic: false, duration: s.track / 1000 } };
    this.stream = stream;
    const info = { id: 'audio', type: 'audio', streamInfo: stream, index: 0 };
    info.representations = s.ladder.map((kbps, i) => ({
      id: `r${i}`, bandwidth: kbps * 1000, bitrateInKbit: kbps, mediaInfo: info, fragmentDuration: s.segment / 1000,
    }));
    this.info = info;
    this.processor = {
      getStreamInfo: () => stream, getLastSegment: () => null, getMediaInfo: () => info, getType: () => 'audio',
      getRepresentation: () => this.current, getScheduleController: () => this.scheduleController,
      getRepresentationController: () => ({ getCurrentCompositeRepresentation: () => this.current }),
      getFragmentModel: () => ({ getRequests: () => [{}] }),
    };
    this.abr.registerStreamType('audio', this.processor);
    // StreamProcessor's choice for a new period
    this.current = this.abr.getOptimalRepresentationForBitrate(info, this.abr.getInitialBitrateFor('audio'), false);
  }

  target(s) {
    const top = this.current && this.abr.isPlayingAtTopQuality(this.current);
    return 1000 * (top ? this.topBuffer : this.defaultBuffer);
  }

  choose(s) {
    this.see(s);
    this.period(s, s.next);
    this.delay = 0;
    this.abr.checkPlaybackQuality('audio', this.stream.id);
    return { index: this.current.absoluteIndex, delay: this.delay };
  }

  abandon(s, d) {
    this.see(s);
    if (d.got <= 0) return -1;
    const traces = [];
    let [had, then] = [0, 0];
    for (const [elapsed, bits] of d.marks) { // a progress event for each look that found more
      if (bits > had) {
        traces.push({ b: [(bits - had) / 8], d: elapsed - then });
        [had, then] = [bits, elapsed];
      }
    }
    const before = this.current;
    const request = {
      mediaType: 'audio', index: d.segment, firstByteDate: at(d.began + d.firstByte), traces, bytesLoaded: d.got / 8,
      bytesTotal: d.bits / 8, duration: s.duration(d.segment) / 1000, representation: this.info.representations[d.index],
    };
    this.bus.trigger(Events.LOADING_PROGRESS, { request }, { streamId: this.stream.id, mediaType: 'audio' });
    return this.current === before ? -1 : this.current.absoluteIndex;
  }

  done(s, d) {
    const of = { streamId: this.stream.id, mediaType: 'audio' };
    if (d.to >= 0) {
      this.see(s);
      this.bus.trigger(MediaPlayerEvents.FRAGMENT_LOADING_ABANDONED, {}, of);
      return;
    }
    setClock(s.now);
    const value = {
      type: 'MediaSegment', _streamId: this.stream.id, trequest: at(d.began), tresponse: at(d.began + d.firstByte), _tfinish: at(s.now),
      trace: [{ s: 0, d: d.elapsed, b: [d.bits / 8] }], url: '',
      _resourceTimingValues: { transferSize: d.bits / 8, decodedBodySize: d.bits / 8, responseStart: d.began + d.firstByte, responseEnd: d.began + d.elapsed },
    };
    this.see({ ...s, buffer: s.buffer - s.duration(d.segment) }); // the level falls until the segment is appended
    this.bus.trigger(MediaPlayerEvents.METRIC_ADDED, { metric: 'HttpList', mediaType: 'audio', value });
    const chunk = { start: d.segment * s.segment / 1000, duration: s.duration(d.segment) / 1000, representation: this.info.representations[d.index] };
    this.bus.trigger(Events.MEDIA_FRAGMENT_LOADED, { chunk }, of);
    this.see(s);
    this.bus.trigger(Events.BYTES_APPENDED_END_FRAGMENT, { startTime: chunk.start }, of);
  }

  idle() {}

  estimate() {
    return this.throughput.getAverageThroughput('audio') || 0;
  }
}

const { links, cases } = JSON.parse(fs.readFileSync(process.argv[2]));
const sessions = cases.map((c) => JSON.stringify(play(new Peer(), { ...c, steps: links[c.link] })));
console.log(`{"version":"dash.js ${version}, ${mode}","sessions":[\n${sessions.join(',\n')}\n]}`);
process.exit(0);
