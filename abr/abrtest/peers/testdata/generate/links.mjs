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
  [[60000, 339.2, 40]],
  [[40000, 900.2, 40], [35000, 70.2, 60], [20000, 400.2, 60], [30000, 26.2, 80]],
  walk(60, 180, 1.3, 90, 0.12),
  walk(60, 450, 1.5, 60, 0.1),
  walk(60, 900, 1.6, 200, 0.05),
];

const music = [24, 48, 96, 160, 320, 900];
const few = [64, 128, 320];
const many = [32, 64, 96, 128, 192, 256, 320, 1400];
const session = (link, ladder, segment, track, tracks, buffer) => ({ link, ladder, segment, track, tracks, buffer });
const cases = [
  session(9, music, 4000, 300000, 1, 120000),
  session(1, music, 4000, 210000, 2, 30000),
  session(2, music, 4000, 210000, 1, 120000),
  session(3, music, 4000, 210000, 1, 30000),
  session(4, music, 4000, 210000, 2, 30000),
  session(5, music, 4000, 300000, 1, 120000),
  session(6, music, 2000, 120000, 1, 20000),
  session(8, music, 4000, 210000, 2, 30000),
  session(4, few, 10000, 300000, 1, 60000),
  session(6, many, 6000, 240000, 1, 40000),
  session(10, music, 4000, 210000, 2, 30000),
  session(11, music, 2000, 160000, 1, 30000),
  session(12, music, 4000, 210000, 1, 30000),
  session(13, music, 10000, 300000, 1, 40000),
];

const lines = (list) => list.map((x) => JSON.stringify(x)).join(',\n');
console.log(`{"links":[\n${lines(links)}\n],"cases":[\n${lines(cases)}\n]}`);
