// hls.js's own AbrController plays the cases: npm install hls.js; node hlsjs.mjs ../links.json > ../hlsjs.json
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { play } from './session.mjs';

// What hls.js expects of a browser. Its timers never fire: the session asks the controller itself.
let clock = 0;
globalThis.self = globalThis;
globalThis.setInterval = () => 1;
globalThis.clearInterval = () => {};
Object.defineProperty(globalThis, 'performance', { value: { now: () => clock } });
const require = createRequire(import.meta.url);
const Hls = require(require.resolve('hls.js', { paths: [process.cwd()] }));
const { Events, DefaultConfig } = Hls;
const AbrController = DefaultConfig.abrController;

const quiet = { log() {}, warn() {}, info() {}, debug() {}, trace() {}, error() {} };

class Peer {
  poll = 100;

  start(s) {
    const config = { ...DefaultConfig };
    const levels = s.ladder.map((kbps) => ({
      bitrate: kbps * 1000, maxBitrate: kbps * 1000, averageBitrate: kbps * 1000,
      codecSet: 'mp4a', videoRange: undefined, frameRate: 0, loadError: 0, fragmentError: 0,
      attrs: {}, audioGroups: [], supportedResult: { supported: true, decodingInfoResults: [] },
    }));
    const peer = this;
    this.listeners = {};
    this.hls = {
      config, levels, logger: quiet, autoLevelEnabled: true, minAutoLevel: 0, maxAutoLevel: levels.length - 1,
      firstLevel: 0, allAudioTracks: [], loadLevel: -1, latestLevelDetails: { live: false },
      media: { paused: false, playbackRate: 1, readyState: 0 },
      mainForwardBufferInfo: { len: 0 },
      on: (event, f, self) => (peer.listeners[event] = f.bind(self)),
      off() {},
      trigger() {},
      get loadLevelObj() {
        return levels[this.loadLevel];
      },
      get firstAutoLevel() {
        return peer.abr.firstAutoLevel;
      },
      get nextAutoLevel() {
        return peer.abr.nextAutoLevel;
      },
      set nextAutoLevel(n) {
        peer.abr.nextAutoLevel = n;
      },
      get nextLoadLevel() {
        return peer.abr.nextAutoLevel;
      },
      set nextLoadLevel(n) {
        this.loadLevel = n;
        peer.abr.nextAutoLevel = n;
      },
    };
    this.abr = new AbrController(this.hls);
    this.listeners[Events.MANIFEST_LOADING](Events.MANIFEST_LOADING, {});
  }

  see(s) {
    clock = s.now;
    this.hls.mainForwardBufferInfo = { len: s.buffer / 1000 };
    this.hls.media.readyState = s.started ? 4 : 0;
  }

  choose(s) {
    this.see(s);
    if (s.next === 0 && !this.frag) {
      // stream-controller's startLoad. The playlists arrive at once and count as loaded from then on.
      this.hls.nextLoadLevel = this.hls.firstAutoLevel;
      for (const level of this.hls.levels) {
        level.details = { live: false, averagetargetduration: s.segment / 1000 };
      }
    } else {
      this.hls.nextLoadLevel = this.hls.nextLoadLevel; // doTickIdle
    }
    return { index: this.hls.loadLevel, delay: 0 };
  }

  fragment(s, d) {
    if (!this.frag || this.frag.began !== d.began) {
      this.frag = {
        began: d.began, sn: d.segment, level: d.index, type: 'main', duration: s.duration(d.segment), bitrate: null,
        stats: { loaded: 0, total: d.bits / 8, aborted: false, loading: { start: d.began, first: 0, end: 0 } },
        abortRequests() {},
      };
      this.frag.duration /= 1000;
      this.listeners[Events.FRAG_LOADING](Events.FRAG_LOADING, { frag: this.frag });
    }
    const { stats } = this.frag;
    stats.loaded = d.got / 8;
    stats.loading.first = d.got > 0 ? d.began + d.firstByte : 0;
    return this.frag;
  }

  abandon(s, d) {
    this.see(s);
    const frag = this.fragment(s, d);
    const before = this.hls.loadLevel;
    this.abr._abandonRulesCheck();
    if (this.hls.loadLevel === before) return -1;
    // FRAG_LOAD_EMERGENCY_ABORTED: stream-controller asks for the level and loads the same segment in it.
    frag.stats.aborted = true;
    const to = this.hls.nextLoadLevel;
    this.hls.nextLoadLevel = to;
    return to;
  }

  done(s, d) {
    this.see(s);
    if (d.to >= 0) return;
    const frag = this.fragment(s, d);
    frag.stats.loading.end = frag.stats.parsing = d.began + d.elapsed;
    frag.stats.parsing = { end: frag.stats.loading.end };
    this.listeners[Events.FRAG_LOADED](Events.FRAG_LOADED, { frag, part: null });
    this.listeners[Events.FRAG_BUFFERED](Events.FRAG_BUFFERED, { frag, part: null });
  }

  estimate() {
    return this.abr.bwEstimator.getEstimate();
  }
}

const { links, cases } = JSON.parse(fs.readFileSync(process.argv[2]));
const sessions = cases.map((c) => JSON.stringify(play(new Peer(), { ...c, steps: links[c.link] })));
console.log(`{"version":"hls.js ${Hls.version}","sessions":[\n${sessions.join(',\n')}\n]}`);
