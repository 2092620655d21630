// A region that scrolls sideways must be reachable with the keyboard, one that does not should
// not be a stop.
const regions = document.querySelectorAll(".formula, .table-scroll, .pst-scrollable-table-container");
const update = () => {
  for (const region of regions) {
    if (region.scrollWidth > region.clientWidth) region.tabIndex = 0;
    else region.removeAttribute("tabindex");
  }
};
window.addEventListener("resize", update);
window.addEventListener("load", update);
