// An exact client of segmented audio over a link of constant pieces, for the code of other players to be
// asked by. It does what abrtest's client does, without skips and replacements; so the sessions that it
// records can be played again there by our own wording of the same rules.

// Link is a list of [milliseconds, kbps, latency in milliseconds] that repeats for ever.
export class Link {
  constructor(steps) {
    this.steps = steps;
    this.lap = steps.reduce((sum, s) => sum + s[0], 0);
  }

  // at gives the step at a moment and what is left of it.
  at(t) {
    let rest = t - Math.floor(t / this.lap) * this.lap;
    let i = 0;
    while (i + 1 < this.steps.length && rest >= this.steps[i][0]) rest -= this.steps[i++][0];
    return { i, left: this.steps[i][0] - rest };
  }

  latency(t) {
    return this.steps[this.at(t).i][2];
  }

  bits(from, to) {
    let sum = 0;
    let { i, left } = this.at(from);
    for (let t = from; t < to; ) {
      const d = Math.min(left, to - t);
      sum += d * this.steps[i][1];
      t += d;
      i = (i + 1) % this.steps.length;
      left = this.steps[i][0];
    }
    return sum;
  }

  // finish tells when the last of so many bits is in whose first may flow at t.
  finish(t, bits) {
    let { i, left } = this.at(t);
    for (;;) {
      const can = left * this.steps[i][1];
      if (can > 0 && bits <= can) return t + bits / this.steps[i][1];
      bits -= can;
      t += left;
      i = (i + 1) % this.steps.length;
      left = this.steps[i][0];
    }
  }
}

// play lets a peer choose for a whole session and gives its requests: [rendition, elapsed, estimate] and, of
// those that were broken off, what was fetched instead.
//
// A peer has choose(s) → {index, delay}, done(s, d) and estimate(); and may have poll (milliseconds between
// two calls of abandon(s, d) → index or −1), target(s) and idle(s, milliseconds). s is the session, d the
// request.
export function play(peer, c) {
  const link = new Link(c.steps);
  const perTrack = Math.ceil(c.track / c.segment - 1e-9);
  const s = { ...c, now: 0, next: 0, last: -1, buffer: 0, room: c.buffer, queue: 0, head: 0, started: false, count: perTrack * c.tracks };
  s.trackOf = (n) => Math.floor(n / perTrack);
  s.duration = (n) => Math.min(c.segment, c.track - (n % perTrack) * c.segment);
  const lengths = []; // of what is queued
  const requests = [];

  const advance = (dt) => {
    s.now += dt;
    if (!s.started) return;
    while (dt > 1e-9 && lengths.length > 0) {
      const step = Math.min(dt, lengths[0] - s.head);
      s.head += step;
      s.buffer -= step;
      dt -= step;
      if (s.head >= lengths[0] - 1e-9) {
        s.buffer += s.head - lengths[0];
        s.head = 0;
        lengths.shift();
        if (lengths.length === 0) s.buffer = 0;
      }
    }
    s.queue = lengths.length;
  };

  const request = (n, index) => {
    const bits = c.ladder[index] * s.duration(n);
    const d = { segment: n, index, bits, began: s.now, firstByte: link.latency(s.now), got: 0, elapsed: 0, marks: [], to: -1 };
    const flow = d.began + d.firstByte;
    const end = link.finish(flow, bits);
    if (peer.poll) {
      for (let t = d.began + peer.poll; t < end; t += peer.poll) {
        advance(t - s.now);
        d.elapsed = Math.round((t - d.began) * 1e6) / 1e6; // so that 50 ms twice are 100
        d.got = t > flow ? link.bits(flow, t) : 0;
        d.marks.push([d.elapsed, d.got]);
        const to = peer.abandon(s, d);
        if (to >= 0) {
          d.to = to;
          peer.done(s, d);
          requests.push(d);
          return to;
        }
      }
    }
    advance(end - s.now);
    d.elapsed = end - d.began;
    d.got = bits;
    d.marks.push([d.elapsed, d.got]);
    lengths.push(s.duration(n));
    s.queue = lengths.length;
    s.buffer += s.duration(n);
    s.last = index;
    s.next = n + 1;
    s.started = true;
    peer.done(s, d);
    requests.push(d);
    return -1;
  };

  peer.start(s);
  let forced = -1;
  const estimates = [];
  while (s.next < s.count) {
    const most = peer.target ? Math.min(c.buffer, peer.target(s)) : c.buffer;
    let over = s.buffer + s.duration(s.next) - most;
    if (over > 1e-9 && forced < 0 && s.queue > 0) {
      over = Math.min(over, s.buffer);
      if (peer.target) over = Math.min(over, 500);
      advance(over);
      if (peer.idle) peer.idle(s, over);
      if (peer.target) continue;
    }
    let pick = { index: forced, delay: 0 };
    if (forced < 0) pick = peer.choose(s);
    if (pick.delay > 0) advance(pick.delay);
    forced = request(s.next, pick.index);
    estimates.push(peer.estimate());
  }
  return requests.map((d, i) => {
    const r = [d.index, +d.elapsed.toFixed(3), +estimates[i].toPrecision(10)];
    return d.to >= 0 ? [...r, d.to] : r;
  });
}

// random is a small generator of numbers that comes out the same everywhere.
export function random(seed) {
  let x = seed >>> 0;
  return () => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return x / 4294967296;
  };
}
