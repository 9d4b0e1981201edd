// Before anything is drawn, so that nothing flashes in the wrong colours.
(function () {
  var root = document.documentElement;
  var theme = localStorage.getItem('theme');
  var dark = theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.classList.toggle('pf-v6-theme-dark', dark);
  root.classList.toggle('dense', localStorage.getItem('density') === 'dense');
})();
