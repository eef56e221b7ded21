/** Light, dark or as the system has it. Runs before the page is drawn, so that nothing flashes. */
(() => {
  const KEY = "pairly.theme";
  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage is switched off
    }
  };
  const show = (theme) => {
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  window.pairlyTheme = {
    get: () => stored() || "system",
    set(theme) {
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // then it holds for this page alone
      }
      show(theme);
    },
  };
  window.addEventListener("storage", (event) => event.key === KEY && show(event.newValue));
  show(stored());
})();
