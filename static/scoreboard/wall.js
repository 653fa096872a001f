/**
 * The board for a wall: live, awake, and loud about it when it is not.
 *
 * @import { Freshness } from "./scoreboard-watch.js"
 */

import { followStandings, language, part } from "./live-board.js";
import { onWallKey } from "./wall-key.js";

const IDLE = 4_000; // After this long without a movement nobody is pointing at anything.

const band = part(".unmoved");
const sentence = band.dataset.say ?? "";

/** @param {number} seconds */
function format(seconds) {
    const [value, unit] = seconds < 60 ? [seconds, "second"] : seconds < 3600 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
    return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(Math.floor(value));
}

/** @param {Freshness} freshness */
function warn({ state, age }) {
    const isStale = state === "stale";
    document.body.classList.toggle("is-stale", isStale);
    band.textContent = isStale ? sentence.replace("{time}", format(age)) : "";
}

/** A screen that shows one page for hours goes dark otherwise. The lock ends whenever the page is hidden. */
async function stayAwake() {
    if (document.hidden) return;
    try {
        await navigator.wakeLock?.request("screen");
    } catch {
        // The browser saves power, or forbids it: the screen's own settings remain.
    }
}

/** The pointer and the button come back with the first movement. */
function hideWhenIdle() {
    let timer = 0;
    const wake = () => {
        document.body.classList.remove("is-idle");
        clearTimeout(timer);
        timer = setTimeout(() => document.body.classList.add("is-idle"), IDLE);
    };
    for (const event of ["pointermove", "pointerdown", "keydown"]) addEventListener(event, wake);
    wake();
}

function fillScreen() {
    const change = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen?.();
    // Refused where a frame or a setting forbids it; the page fills its window anyhow.
    change?.catch(() => {});
}

followStandings({ onState: warn });
document.addEventListener("visibilitychange", stayAwake);
void stayAwake();
hideWhenIdle();
part("#fill").addEventListener("click", fillScreen);
onWallKey(fillScreen);
