// Shaka Player's own SimpleAbrManager, estimator and abort decision play the cases:
// npm install shaka-player; node shaka.mjs ../links.json > ../shaka.json
import fs from 'node:fs';
import path from 'node:path';
import { play } from './session.mjs';

const home = path.join(process.cwd(), 'node_modules/shaka-player');
const version = JSON.parse(fs.readFileSync(path.join(home, 'package.json'))).version;

// The package's sources are written for Closure's loader; this much of it is enough for the files below.
let clock = 0;
const shaka = {};
const goog = {
  provide(name) {
    name.split('.').slice(1).reduce((o, part) => (o[part] ??= {}), shaka);
  },
  require() {},
  requireType() {},
  asserts: { assert() {}, assertNumber: (x) => x },
};
class FakeDate extends Date {
  static now() {
    return clock;
  }
}
function load(file) {
  const source = fs.readFileSync(path.join(home, 'lib', file), 'utf8');
  new Function('goog', 'shaka', 'window', 'navigator', 'document', 'Date', source)(goog, shaka, {}, {}, {}, FakeDate);
}
const nothing = () => {};
shaka.log = new Proxy({}, { get: () => nothing });
shaka.util = { Timer: class { tickAfter() {} tickNow() {} stop() {} tickEvery() { return this; } }, EventManager: class { listen() {} unlisten() {} release() {} } };
load('util/array_utils.js');
load('util/stream_utils.js');
load('abr/ewma.js');
load('abr/ewma_bandwidth_estimator.js');
load('abr/simple_abr_manager.js');
load('media/streaming_engine.js');

// As lib/util/player_configuration.js has them.
const config = {
  enabled: true, useNetworkInformation: true, defaultBandwidthEstimate: 1e6, switchInterval: 8,
  bandwidthUpgradeTarget: 0.85, bandwidthDowngradeTarget: 0.95,
  restrictions: {
    minWidth: 0, maxWidth: Infinity, minHeight: 0, maxHeight: Infinity, minPixels: 0, maxPixels: Infinity,
    minFrameRate: 0, maxFrameRate: Infinity, minBandwidth: 0, maxBandwidth: Infinity, minChannelsCount: 0, maxChannelsCount: Infinity,
  },
  advanced: { minTotalBytes: 128e3, minBytes: 16e3, fastHalfLife: 2, slowHalfLife: 5 },
  cacheLoadThreshold: 5, minTimeToSwitch: 0, clearBufferSwitch: false, safeMarginSwitch: 0, droppedFrames: false,
};

class Peer {
  poll = 50;

  start(s) {
    this.variants = s.ladder.map((kbps, index) => ({ index, bandwidth: kbps * 1000, video: null, audio: { fastSwitching: false } }));
    this.manager = new shaka.abr.SimpleAbrManager();
    this.manager.configure(config);
    this.manager.init((variant) => (this.suggested = variant.index));
    this.manager.setVariants(this.variants);
    clock = s.now;
    this.suggested = this.manager.chooseVariant().index;
    this.manager.enabled_ = true;
  }

  choose(s) {
    clock = s.now;
    this.seen = this.at = this.had = 0;
    return { index: this.suggested, delay: 0 };
  }

  // progress does with the marks what http_fetch_plugin.js does with the reads of a response's body.
  progress(d, done) {
    for (; this.seen < d.marks.length; this.seen++) {
      const [elapsed, bits] = d.marks[this.seen];
      const last = done && this.seen === d.marks.length - 1;
      const bytes = (bits - this.had) / 8;
      if ((elapsed - this.at > 100 && bytes >= config.advanced.minBytes) || last) {
        const delta = elapsed - this.at;
        [this.at, this.had] = [elapsed, bits];
        this.manager.segmentDownloaded(delta, bytes, true);
      }
    }
  }

  abandon(s, d) {
    clock = s.now;
    const before = this.suggested;
    this.progress(d, false);
    if (this.suggested === before || this.suggested === d.index) return -1;
    const size = (s.ladder[this.suggested] * s.duration(d.segment)) / 8;
    const reference = { getSize: () => size, initSegmentReference: null };
    const engine = {
      playerInterface_: {
        getPresentationTime: () => 0,
        mediaSourceEngine: { bufferEnd: () => s.buffer / 1000 },
        getBandwidthEstimate: () => this.manager.getBandwidthEstimate(),
      },
      getTimeNeeded_: () => 0,
      config_: { rebufferingGoal: 0 },
    };
    const state = {
      operation: { getBytesRemaining: () => (d.bits - d.got) / 8 },
      stream: { segmentIndex: { find: () => 0, get: () => reference } },
    };
    const abort = shaka.media.StreamingEngine.prototype.shouldAbortCurrentRequest_.call(engine, state);
    return abort ? this.suggested : -1;
  }

  done(s, d) {
    clock = s.now;
    if (d.to < 0) this.progress(d, true);
    this.seen = this.at = this.had = 0;
  }

  estimate() {
    return this.manager.getBandwidthEstimate();
  }
}

const { links, cases } = JSON.parse(fs.readFileSync(process.argv[2]));
const sessions = cases.map((c) => JSON.stringify(play(new Peer(), { ...c, steps: links[c.link] })));
console.log(`{"version":"Shaka Player ${version}","sessions":[\n${sessions.join(',\n')}\n]}`);
