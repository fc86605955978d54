/** Hides or shows the page, as a browser does when its tab is left. */
export function setHidden(isHidden: boolean): void {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
    document.dispatchEvent(new Event("visibilitychange"));
}
