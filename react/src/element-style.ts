/** The look of the element. A sheet that is constructed is no inline style: a strict content security policy allows it. */
export const STYLE = `
:host {
  display: block;
  font: var(--dataqueue-font, 0.875rem / 1.4 system-ui, sans-serif);
  color: var(--dataqueue-text, inherit);
}
:host([hidden]) { display: none; }
[part=head] { display: flex; gap: 0.75em; margin-block-end: 0.375em; }
[part=status] { opacity: 0.75; }
[part=percent] { margin-inline-start: auto; font-variant-numeric: tabular-nums; }
[part=track] {
  block-size: var(--dataqueue-height, 0.5rem);
  border-radius: var(--dataqueue-radius, 999px);
  background: var(--dataqueue-track, color-mix(in srgb, currentColor 15%, transparent));
  overflow: hidden;
}
[part=bar] {
  block-size: 100%;
  inline-size: 0;
  border-radius: inherit;
  background: var(--dataqueue-bar, #2563eb);
  transition: inline-size 0.3s ease-out;
}
:host([status=completed]) [part=bar] { background: var(--dataqueue-completed, #15803d); }
:host([status=failed]) [part=bar] { background: var(--dataqueue-failed, #b91c1c); }
:host([status=cancelled]) [part=bar] { background: var(--dataqueue-cancelled, #6b7280); }
[part=track].unknown [part=bar] { inline-size: 30%; animation: wander 1.5s ease-in-out infinite alternate; }
@keyframes wander { to { margin-inline-start: 70%; } }
@media (prefers-reduced-motion: reduce) {
  [part=bar] { transition: none; }
  [part=track].unknown [part=bar] { inline-size: 100%; opacity: 0.35; animation: none; }
}
@media (forced-colors: active) {
  [part=track] { border: 1px solid CanvasText; }
  [part=bar] { background: Highlight !important; forced-color-adjust: none; }
}
`;
