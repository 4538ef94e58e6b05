// Applies the saved theme before the first paint. A classic script, because modules run later.
try {
  const theme = localStorage.getItem("arena.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be blocked; the system's theme applies then.
}
