// The reader's theme: follows the device unless a choice was made, which this browser remembers.
(() => {
    const root = document.documentElement;
    root.classList.add("script");

    const show = (/** @type {string | null} */ theme) => {
        if (theme === "light" || theme === "dark") root.dataset.theme = theme;
        else delete root.dataset.theme;
        // What the browser paints around the page follows too.
        for (const meta of /** @type {NodeListOf<HTMLMetaElement>} */ (document.querySelectorAll("meta[name=theme-color]"))) {
            const { theme: own } = meta.dataset;
            meta.media = root.dataset.theme ? (root.dataset.theme === own ? "all" : "not all") : `(prefers-color-scheme: ${own})`;
        }
    };

    try {
        show(localStorage.getItem("scoreboard.theme"));
    } catch {
        // Storage may be forbidden; the device's theme is then as good as any.
    }

    document.addEventListener("DOMContentLoaded", () => {
        const inputs = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[name=theme]"));
        for (const input of inputs) {
            input.checked = input.value === (root.dataset.theme ?? "auto");
            input.addEventListener("change", () => {
                show(input.value);
                try {
                    localStorage.setItem("scoreboard.theme", input.value);
                } catch {
                    // The choice holds for this page only.
                }
            });
        }
    });
})();
