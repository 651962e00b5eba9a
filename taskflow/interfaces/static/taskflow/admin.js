// select2 names its boxes after what is chosen; before anything is, they have no name. Their field's label is it.
// select2 draws them at its own time, and again for rows that are added: whatever appears is looked at.
const nameBoxes = () => {
  for (const box of document.querySelectorAll(".select2-selection:not([aria-label])")) {
    const select = box.closest(".select2")?.previousElementSibling;
    const name = select?.labels?.[0]?.textContent.trim().replace(/\*$/, "") || select?.name;
    const chosen = box.querySelector(".select2-selection__rendered");
    if (!name || !chosen?.id) continue;
    box.id = `${chosen.id}-box`;
    box.setAttribute("aria-label", name);
    box.setAttribute("aria-labelledby", `${box.id} ${chosen.id}`);
    chosen.setAttribute("aria-labelledby", box.id);
  }
};
new MutationObserver(nameBoxes).observe(document.documentElement, { childList: true, subtree: true });

// While a model is being fetched the page of models asks for that table again. Without this a reload does.
const WATCH_EVERY = 2000;
const watchPulls = () => {
  const table = document.getElementById("tf-pulls");
  if (table?.dataset.watching === "yes") setTimeout(refreshPulls, WATCH_EVERY);
};
const refreshPulls = async () => {
  try {
    const answer = await fetch("?part=pulls", { headers: { Accept: "text/html" } });
    // Signed out meanwhile, or no longer allowed: what stands there is not replaced by another page.
    if (!answer.ok || answer.redirected) return;
    document.getElementById("tf-pulls").outerHTML = await answer.text();
  } catch {
    // The server was out of reach for a moment.
  }
  watchPulls();
};
document.addEventListener("DOMContentLoaded", watchPulls);
