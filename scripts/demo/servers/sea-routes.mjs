// Great-circle distances between ports, and when a ship arrives.
import { input, log, serve, ToolError } from './mcp.mjs'

/** Latitude and longitude in degrees. */
const ports = {
  Bergen: [60.39, 5.32],
  Gothenburg: [57.69, 11.85],
  Hamburg: [53.54, 9.97],
  Rotterdam: [51.95, 4.14],
  Antwerp: [51.27, 4.34],
  Valencia: [39.45, -0.32],
  'New York': [40.67, -74.04],
  Savannah: [32.08, -81.09],
  Santos: [-23.97, -46.31],
  Singapore: [1.26, 103.84],
  Busan: [35.1, 129.04],
}
const earthRadius = 3440.065

function positionOf(name) {
  if (!Object.hasOwn(ports, name)) {
    throw new ToolError(`${JSON.stringify(name)} is not one of the ports: ${Object.keys(ports).join(', ')}.`)
  }
  return ports[name].map((degrees) => (degrees * Math.PI) / 180)
}

/** In nautical miles, by the haversine formula. */
function distance(from, to) {
  const [lat1, lon1] = positionOf(from)
  const [lat2, lon2] = positionOf(to)
  const h =
    Math.sin((lat2 - lat1) / 2) ** 2 + Math.cos(lat1) * Math.cos(lat2) * Math.sin((lon2 - lon1) / 2) ** 2
  return Math.round(2 * earthRadius * Math.asin(Math.sqrt(h)))
}

const port = (role) => ({ type: 'string', description: `The port ${role}` })

const tools = [
  {
    name: 'list_ports',
    description: 'The ports whose position is known.',
    inputSchema: input({}),
    run: () => ({ ports: Object.keys(ports) }),
  },
  {
    name: 'distance',
    description:
      'The great-circle distance between two ports in nautical miles. Land in between is not considered.',
    inputSchema: input({ from: port('of departure'), to: port('of arrival') }),
    run: ({ from, to }) => ({ from, to, nauticalMiles: distance(from, to) }),
  },
  {
    name: 'arrival',
    description: 'When a ship arrives that leaves now at a steady speed.',
    inputSchema: input({
      from: port('of departure'),
      to: port('of arrival'),
      knots: { type: 'number', description: 'Speed, between 1 and 40' },
    }),
    run: ({ from, to, knots }) => {
      if (!(knots >= 1 && knots <= 40)) throw new ToolError('knots must be between 1 and 40.')
      const hours = distance(from, to) / knots
      const arrivesAt = new Date(Date.now() + hours * 3_600_000).toISOString()
      return { from, to, hours: Number(hours.toFixed(1)), arrivesAt }
    },
  },
]

log(`${Object.keys(ports).length} ports`)
serve(tools)
