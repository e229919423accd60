// The arrows in the sidebar show no words: give them some for those who listen to the page.
document.addEventListener("DOMContentLoaded", () => {
  for (const arrow of document.querySelectorAll(".bd-sidebar-primary summary")) {
    const entry = arrow.closest("li")?.querySelector("a")?.textContent.trim();
    arrow.setAttribute("aria-label", `Show or hide the pages below ${entry ?? "this one"}`);
  }
});
