"""The bundled demo head and the sample clip, which is rendered in Blender. May import `people`."""
