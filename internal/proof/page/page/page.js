// Nothing here is needed to read the page: it opens what is folded before it is
// printed.
(function () {
  "use strict";
  function each(f) { document.querySelectorAll("details").forEach(f); }
  addEventListener("beforeprint", function () {
    each(function (d) { d.dataset.was = d.open ? "open" : ""; d.open = true; });
  });
  addEventListener("afterprint", function () {
    each(function (d) { d.open = d.dataset.was === "open"; });
  });
})();
