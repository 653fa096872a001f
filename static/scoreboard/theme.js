// The reader's theme: follows the device unless a choice was made, which this browser remembers.
(() => {
    const root = document.documentElement;
    root.classList.add("script");

    const remembered = () => {
        try {
            return localStorage.getItem("scoreboard.theme");
        } catch {
            return null; // Storage may be forbidden; the device's theme is then as good as any.
        }
    };

    const show = (theme) => {
        if (theme === "light" || theme === "dark") root.dataset.theme = theme;
        else delete root.dataset.theme;
    };

    show(remembered());

    document.addEventListener("DOMContentLoaded", () => {
        for (const input of document.querySelectorAll("input[name=theme]")) {
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
