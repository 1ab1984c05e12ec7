// Runs before the first paint, so that the page never flashes in the wrong theme.
(function () {
  let chosen = null;
  try {
    chosen = localStorage.getItem('hearken.theme');
  } catch {
    // storage is switched off: follow the system
  }
  const light = window.matchMedia('(prefers-color-scheme: light)').matches;
  document.documentElement.dataset.theme = chosen === 'dark' || chosen === 'light' ? chosen : light ? 'light' : 'dark';
})();
