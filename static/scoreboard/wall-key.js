/** The key F: from a board to the board for a wall, and there to the full screen. Whoever turned it off has it off everywhere. */

const KEPT = "scoreboard.wall-key";

function isOn() {
    try {
        return localStorage.getItem(KEPT) !== "off";
    } catch {
        return true; // Storage may be forbidden; the box then holds for this page only.
    }
}

/** @param {boolean} on */
function keep(on) {
    try {
        localStorage.setItem(KEPT, on ? "on" : "off");
    } catch {
        // As above.
    }
}

/** @param {() => boolean} isWanted @param {() => void} act */
export function onKey(isWanted, act) {
    addEventListener("keydown", (event) => {
        const isAlone = event.key.toLowerCase() === "f" && !event.ctrlKey && !event.altKey && !event.metaKey && !event.repeat;
        const isTyped = event.target instanceof Element && event.target.closest("input:not([type=radio], [type=checkbox]), select, textarea");
        if (isAlone && !isTyped && isWanted()) act();
    });
}

/** Where the page has the link and the box. */
export function offerWallKey() {
    const link = /** @type {HTMLAnchorElement | null} */ (document.querySelector("#to-wall"));
    const box = /** @type {HTMLInputElement | null} */ (document.querySelector("#wall-key"));
    if (!link || !box) return;
    box.checked = isOn();
    box.addEventListener("change", () => keep(box.checked));
    onKey(() => box.checked, () => location.assign(link.href));
}

/** @param {() => void} act */
export const onWallKey = (act) => onKey(isOn, act);
