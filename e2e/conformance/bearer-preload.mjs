// Loaded with --import into tools that have no option for a header: adds the bearer token to every request to the
// server under test, whether it is made by fetch or by undici itself.
import diagnostics from 'node:diagnostics_channel'

const token = process.env.CONFORMANCE_TOKEN
const origin = process.env.CONFORMANCE_ORIGIN
if (token) {
  diagnostics.subscribe('undici:request:create', ({ request }) => {
    if (!origin || request.origin === origin) request.addHeader('authorization', `Bearer ${token}`)
  })
}
