// Where the board's own script did not start, because the browser is too old for it or it was not let through: says so, and
// reloads the page now and then. Written for browsers of any age, and so in the language of the oldest.
(function () {
    "use strict";
    var RELOAD_EVERY = 30000;

    // The board's script, where it runs, has changed the word by the time the page is loaded.
    function isStandingStill() {
        var state = /** @type {Element} */ (document.querySelector(".state"));
        return state.getAttribute("data-state") === "snapshot";
    }

    // Only while the server is there: the browser's own page of error would never come back by itself.
    function reloadIfThere() {
        var request = new XMLHttpRequest();
        request.addEventListener("load", function () {
            if (request.status === 200 && isStandingStill()) location.reload();
        });
        request.open("GET", location.href);
        request.send();
    }

    window.addEventListener("load", function () {
        if (!isStandingStill()) return;
        var note = /** @type {Element} */ (document.getElementById("standing-still"));
        note.removeAttribute("hidden");
        setInterval(reloadIfThere, RELOAD_EVERY);
    });
})();
