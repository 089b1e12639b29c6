// Makes the links and the cases that every peer plays: node links.mjs > ../links.json
import { random } from './session.mjs';

const next = random(20261122);
const between = (a, b) => a + (b - a) * next();
const kbps = (x) => Math.round(x) + 0.2; // never a half, which a player might round either way

function walk(steps, middle, swing, latency, gap) {
  const out = [];
  let level = 0;
  for (let i = 0; i < steps; i++) {
    level = 0.8 * level + swing * (next() + next() - 1);
    const dead = next() < gap;
    out.push([Math.round(between(600, 7000)), dead ? 0 : kbps(middle * Math.exp(level)), Math.round(between(0.6, 1.6) * latency)]);
  }
  out.push([4000, kbps(middle), latency]);
  return out;
}

const links = [
  [[60000, 400, 60]],
  [[20000, 700, 80], [15000, 90, 150], [25000, 1500, 40], [12000, 0, 60], [30000, 260, 90]],
  [[9000, 2200, 30], [9000, 130, 30]],
  walk(40, 250, 0.5, 120, 0),
  walk(40, 600, 0.9, 70, 0.05),
  walk(40, 110, 0.7, 250, 0.03),
  walk(40, 1300, 1.2, 45, 0.08),
  walk(40, 60, 0.4, 300, 0.02),
  [[15000, 350, 60], [45000, 8, 60], [20000, 5000, 20], [8000, 40, 900]],
];

const music = [24, 48, 96, 160, 320, 900];
const cases = [
  { link: 0, ladder: music, segment: 4000, track: 210000, tracks: 1, buffer: 30000 },
  { link: 1, ladder: music, segment: 4000, track: 210000, tracks: 2, buffer: 30000 },
  { link: 2, ladder: music, segment: 4000, track: 210000, tracks: 1, buffer: 120000 },
  { link: 3, ladder: music, segment: 4000, track: 210000, tracks: 2, buffer: 30000 },
  { link: 4, ladder: music, segment: 4000, track: 210000, tracks: 2, buffer: 30000 },
  { link: 5, ladder: music, segment: 4000, track: 210000, tracks: 2, buffer: 120000 },
  { link: 6, ladder: music, segment: 2000, track: 120000, tracks: 1, buffer: 20000 },
  { link: 7, ladder: music, segment: 4000, track: 210000, tracks: 1, buffer: 30000 },
  { link: 8, ladder: music, segment: 4000, track: 210000, tracks: 2, buffer: 30000 },
  { link: 4, ladder: [64, 128, 320], segment: 10000, track: 300000, tracks: 2, buffer: 60000 },
  { link: 6, ladder: [32, 64, 96, 128, 192, 256, 320, 1400], segment: 6000, track: 240000, tracks: 1, buffer: 40000 },
];

const lines = (list) => list.map((x) => JSON.stringify(x)).join(',\n');
console.log(`{"links":[\n${lines(links)}\n],"cases":[\n${lines(cases)}\n]}`);
