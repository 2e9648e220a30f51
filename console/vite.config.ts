import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const berth = process.env.BERTH_PUBLIC_URL ?? 'http://127.0.0.1:7070'

/** Builds to `dist`, which the server serves; `vite dev` passes the API through to a running Berth. */
export default defineConfig(({ command }) => {
  // Whoever builds (a test run has an environment of its own), what is built is the product.
  if (command === 'build') process.env.NODE_ENV = 'production'
  return {
    root: import.meta.dirname,
    base: '/',
    plugins: [react(), tailwindcss()],
    build: {
      outDir: 'dist',
      emptyOutDir: true,
      target: 'es2023',
      // The content security policy allows no data: URLs, so nothing may be inlined.
      assetsInlineLimit: 0,
    },
    worker: { format: 'es' as const },
    server: {
      port: 7071,
      // Berth takes changes from its own pages only; in development these are its own.
      proxy: Object.fromEntries(
        ['/api', '/mcp', '/docs', '/healthz'].map((path) => [
          path,
          { target: berth, changeOrigin: true, headers: { origin: berth } },
        ]),
      ),
    },
  }
})
