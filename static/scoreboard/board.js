/**
 * The board's page and the embed: the live standings, the reader's own place, and the snippet for other sites.
 *
 * @import { Standings } from "./scoreboard-watch.js"
 */

import { followStandings, language, part } from "./live-board.js";

const section = /** @type {HTMLElement | null} */ (document.querySelector("#you"));

/** Only who is signed in loads what keeps their own place. @param {HTMLElement} ownPlace */
async function followYou(ownPlace) {
    const { You } = await import("./you.js");
    return new You(ownPlace, { language });
}

function offerSnippet() {
    const button = /** @type {HTMLButtonElement | null} */ (document.querySelector("#copy"));
    button?.addEventListener("click", async () => {
        const snippet = part("#snippet");
        getSelection()?.selectAllChildren(snippet);
        // Only pages over HTTPS may write to the clipboard; elsewhere the text stands selected, ready for the keyboard.
        await navigator.clipboard?.writeText(snippet.textContent);
        if (navigator.clipboard) button.textContent = button.dataset.done ?? "";
    });
}

const you = section && followYou(section);
followStandings({
    you: section?.dataset.player,
    onStandings: (/** @type {Standings} */ { entries }) => void you?.then((loaded) => loaded.follow(entries)),
});
offerSnippet();
