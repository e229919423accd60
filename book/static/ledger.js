// The ledger: filter by paper, verdict and whose claim it is, sort by a column. Without this script it is a plain table.
document.addEventListener("DOMContentLoaded", () => {
  const table = document.querySelector("table.ledger");
  const form = document.querySelector(".ledger-filter");
  if (!table || !form) return;
  const claims = [...table.tBodies];

  const filter = () => {
    const wanted = Object.fromEntries(new FormData(form));
    for (const claim of claims) {
      claim.hidden = Object.entries(wanted).some(([key, value]) => value && claim.dataset[key] !== value);
    }
    const shown = claims.filter((claim) => !claim.hidden).length;
    form.querySelector(".ledger-count").textContent = `${shown} of ${claims.length} shown`;
  };

  // The value of a claim in a column; numbers by value, and what has none last.
  const value = (claim, key) => {
    const text = claim.dataset[key];
    return text === "" ? Infinity : Number(text);
  };
  for (const heading of table.tHead.querySelectorAll("th[data-key]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const descending = heading.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const key = heading.dataset.key;
      const sign = descending ? -1 : 1;
      const order = (a, b) => {
        const [left, right] = [value(a, key), value(b, key)];
        if (left === right) return Number(a.dataset.number) - Number(b.dataset.number);
        if (!isFinite(left) || !isFinite(right)) return left < right ? -1 : 1;
        return sign * (left - right);
      };
      table.append(...claims.sort(order));
    });
  }

  form.addEventListener("change", filter);
  form.hidden = false;
  filter();
});
