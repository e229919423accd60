// A figure fills the window on a click or on Enter, and goes back on the next click or on Escape.
document.addEventListener("DOMContentLoaded", () => {
  const figures = document.querySelectorAll(".cell_output img");
  if (!figures.length) return;
  const dialog = document.createElement("dialog");
  dialog.className = "zoom";
  dialog.setAttribute("aria-label", "Figure");
  dialog.addEventListener("click", () => dialog.close());
  document.body.append(dialog);

  const show = (figure) => {
    const large = document.createElement("img");
    large.src = figure.src;
    large.alt = figure.alt;
    dialog.replaceChildren(large);
    dialog.showModal();
  };
  for (const figure of figures) {
    figure.tabIndex = 0;
    figure.title = "Click to enlarge";
    figure.addEventListener("click", () => show(figure));
    figure.addEventListener("keydown", (event) => {
      if (event.key === "Enter") show(figure);
    });
  }
});
