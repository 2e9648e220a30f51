// Runs before the first paint: a file of its own, since the content security policy allows no inline script.
;(function () {
  var chosen = null
  try {
    chosen = localStorage.getItem('berth.theme')
  } catch {
    // Storage may be closed; the system's theme will do.
  }
  var dark = chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  // zod compiles validators with `new Function` unless told not to; the policy forbids eval.
  globalThis.__zod_globalConfig = { jitless: true }
})()
