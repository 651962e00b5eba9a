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
