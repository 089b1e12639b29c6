// browser.mjs: reads {origin, how} as JSON from standard input, has Chromium do capture.js's run(how) on the
// page at origin, and writes what came of it as JSON.
import { chromium } from 'playwright-core';

let text = '';
for await (const chunk of process.stdin) text += chunk;
const { origin, how, executable } = JSON.parse(text);
const browser = await chromium.launch({
  executablePath: executable,
  args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'],
});
try {
  const page = await browser.newPage();
  page.on('pageerror', (e) => console.error('page:', e.message));
  await page.goto(origin + '/page.html');
  console.log(JSON.stringify(await page.evaluate((how) => run(how), how)));
} finally {
  await browser.close();
}
