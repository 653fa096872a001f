/** Keeps the list of boards right: asks for the page anew every few seconds while somebody looks, and takes over what changed. */

import { FreshnessLine } from "./live-board.js";
import { Pace } from "./polling-pace.js";

const TICK = 500;
const SLOWER = 3; // Than whoever watches one board: these are leaders only.
const TIMEOUT = 5_000;
const STALE = 30_000;

const freshness = new FreshnessLine();
const pace = new Pace();
let confirmedAt = Date.now();
let asOf = freshness.time.dateTime;
let isAsking = false;
let isReached = true;

/** @param {Document} page @returns {HTMLTableRowElement[]} */
const rowsOf = (page) => [.../** @type {NodeListOf<HTMLTableRowElement>} */ (page.querySelectorAll("tbody tr"))];

/** @param {Document} page  what the server says now */
function takeOver(page) {
    const [before, after] = [rowsOf(document), rowsOf(page)];
    const isSame = before.length === after.length && before.every((row, place) => row.dataset.slug === after[place]?.dataset.slug);
    if (!isSame) document.querySelector("tbody")?.replaceWith(page.querySelector("tbody") ?? "");
    if (!isSame) return;
    // Cell by cell, so that whoever stands on a link with the keyboard stays there.
    before.forEach((row, place) => {
        [...row.cells].forEach((cell, number) => {
            const news = after[place]?.cells[number];
            if (news && cell.innerHTML !== news.innerHTML) cell.replaceWith(news);
        });
    });
}

async function ask() {
    isAsking = true;
    try {
        const answer = await fetch("/boards", { headers: { Accept: "text/html" }, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
        pace.follow(answer);
        isReached = answer.ok;
        if (answer.ok) {
            const page = new DOMParser().parseFromString(await answer.text(), "text/html");
            takeOver(page);
            asOf = page.querySelector(".as-of time")?.getAttribute("datetime") ?? "";
            confirmedAt = Date.now();
        }
    } catch {
        isReached = false;
    }
    isAsking = false;
    pace.planNext(SLOWER);
}

function tick() {
    const now = Date.now();
    if (!document.hidden && !isAsking && pace.isDue(now) && !pace.mustWait(now)) void ask();
    const age = Math.max(0, Math.floor((now - confirmedAt) / 1000));
    freshness.show({ state: 1000 * age > STALE ? "stale" : isReached ? "polling" : "reconnecting", age, asOf });
}

document.addEventListener("visibilitychange", () => document.hidden || pace.plan(0));
pace.planNext(SLOWER);
setInterval(tick, TICK);
tick();
