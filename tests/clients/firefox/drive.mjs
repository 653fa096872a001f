/**
 * Drives Firefox by WebDriver BiDi: an act a line comes in, its answer a line goes out.
 *
 * @typedef {{act: "open", url: string, width: number, height: number} | {act: "run", script: string} | {act: "picture", path: string}} Act
 */

import { createInterface } from "node:readline";
import { launch } from "puppeteer-core";

const [, , executablePath] = process.argv;
const browser = await launch({ browser: "firefox", executablePath, headless: true });
const [page] = await browser.pages();

/** @param {Act} it */
async function perform(it) {
    if (it.act === "open") {
        await page.setViewport({ width: it.width, height: it.height });
        await page.goto(it.url);
    }
    if (it.act === "picture") await page.screenshot({ path: it.path });
    return it.act === "run" ? page.evaluate(`(() => { ${it.script} })()`) : null;
}

for await (const line of createInterface({ input: process.stdin })) {
    const answer = await perform(JSON.parse(line)).then(
        (value) => ({ value }),
        (error) => ({ error: String(error) }),
    );
    process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
