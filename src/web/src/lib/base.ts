// The path below which a proxy shows the server, without a slash at the end; mostly "". The server writes it into the page.
export const base = document.querySelector<HTMLMetaElement>('meta[name=base]')?.content ?? '';
