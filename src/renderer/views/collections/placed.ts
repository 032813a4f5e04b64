/** A photo's name with the folder that it is in: many cameras call their photos alike. */
export function placed({ name, folder }: { readonly name: string; readonly folder: string }): string {
  return folder === '' ? name : `${folder}/${name}`;
}
