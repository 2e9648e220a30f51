export { millis } from '../../ui/Time.tsx'
