/** The builder of embeds: shows what the form asks for while it is filled in, by asking the server for the page that says so. */

const PAUSE = 300; // Between the last key and the question.

/** @param {ParentNode} whole @param {string} selector */
const partOf = (whole, selector) => /** @type {HTMLElement} */ (whole.querySelector(selector));

const form = /** @type {HTMLFormElement} */ (partOf(document, "#options"));
const preview = /** @type {HTMLIFrameElement} */ (partOf(document, "#preview"));
const snippet = partOf(document, "#snippet");
const copy = /** @type {HTMLButtonElement} */ (partOf(document, "#copy"));
const label = copy.textContent;
let timer = 0;
let asked = 0;

/** The server writes the HTML, here too: there is one place that knows how. */
async function show() {
    const address = new URL(form.action);
    const values = [...new FormData(form)].map(([name, value]) => [name, String(value)]);
    address.search = new URLSearchParams(values.filter(([, value]) => value !== "")).toString();
    const mine = (asked += 1);
    const response = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
    if (mine !== asked || !response?.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (mine !== asked) return;
    const shown = /** @type {HTMLIFrameElement} */ (partOf(page, "#preview"));
    snippet.textContent = partOf(page, "#snippet").textContent;
    preview.height = shown.height;
    // Not `src`: a frame that is shown anew so adds nothing to the tab's history.
    preview.contentWindow?.location.replace(new URL(shown.getAttribute("src") ?? "", address));
    copy.textContent = label;
    history.replaceState(null, "", address);
}

form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE);
});
form.addEventListener("submit", (event) => {
    event.preventDefault();
    void show();
});
copy.addEventListener("click", async () => {
    getSelection()?.selectAllChildren(snippet);
    // Only pages over HTTPS may write to the clipboard; elsewhere the text stands selected, ready for the keyboard.
    await navigator.clipboard?.writeText(snippet.textContent);
    if (navigator.clipboard) copy.textContent = copy.dataset.done ?? "";
});
