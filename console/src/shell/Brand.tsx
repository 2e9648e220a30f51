/** The name and the sign. */
export function Brand() {
  return (
    <span className="flex items-center gap-2 text-sm font-[650] tracking-[-0.01em]">
      <svg
        aria-hidden
        viewBox="0 0 18 18"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.8"
        className="size-[18px] text-accent"
      >
        <path d="M3 3v12M15 3v12M3 9h12M6.5 12.5h5" />
      </svg>
      Berth
    </span>
  )
}
