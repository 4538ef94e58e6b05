// Sets the chosen theme before the first paint; a classic script, since modules run later.
try {
  const theme = localStorage.getItem("arena.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be blocked: the system's theme holds then.
}
