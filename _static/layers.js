// Folded parts open by their address, by a hit of the search within them, and before printing.
(function () {
  "use strict";

  function openAround(node) {
    for (; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
    }
  }

  function openTarget() {
    var target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    var own = target.querySelector(":scope > details.co-fold");
    if (own) own.open = true;
    openAround(target);
    target.scrollIntoView();
  }

  function openAll(open) {
    document.querySelectorAll(".bd-article details:not(.hide)").forEach(function (part) {
      if (open && !part.open) {
        part.dataset.closed = "";
        part.open = true;
      } else if (!open && "closed" in part.dataset) {
        delete part.dataset.closed;
        part.open = false;
      }
    });
  }

  window.addEventListener("hashchange", openTarget);
  window.addEventListener("beforeprint", function () { openAll(true); });
  window.addEventListener("afterprint", function () { openAll(false); });
  document.addEventListener("DOMContentLoaded", function () {
    if (location.hash) openTarget();
    // Words that the search marked: the first that lies in a folded part is shown.
    if (new URLSearchParams(location.search).has("highlight")) {
      setTimeout(function () {
        document.querySelectorAll(".bd-article span.highlighted").forEach(openAround);
      }, 50);
    }
  });
})();
