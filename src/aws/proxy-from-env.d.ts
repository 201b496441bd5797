declare module 'proxy-from-env' {
  /** The URL of the proxy for a URL by the environment; empty: none. */
  export function getProxyForUrl(url: string): string;
}
