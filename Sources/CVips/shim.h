// Swift calls no variadic functions: those of libvips that are used stand here with fixed arguments.
#pragma once
#include <vips/vips.h>

/// The first picture of `bytes`, upright, at most `width` by `height`, in sRGB.
static inline VipsImage *onefold_vips_thumbnail(const void *bytes, size_t count, int width, int height) {
  VipsImage *image = NULL;
  int failed = vips_thumbnail_buffer((void *)bytes, count, &image, width, "height", height, "size",
                                     VIPS_SIZE_DOWN, NULL);
  return failed ? NULL : image;
}

/// One or two bytes a point: light, and how solid it is.
static inline VipsImage *onefold_vips_grey(VipsImage *image) {
  VipsImage *grey = NULL, *bytes = NULL;
  if (vips_colourspace(image, &grey, VIPS_INTERPRETATION_B_W, NULL)) return NULL;
  int failed = vips_cast(grey, &bytes, VIPS_FORMAT_UCHAR, NULL);
  g_object_unref(grey);
  return failed ? NULL : bytes;
}

/// Without anything that the camera or the program wrote beside the picture.
static inline int onefold_vips_webp(VipsImage *image, void **bytes, size_t *count, int quality) {
  return vips_webpsave_buffer(image, bytes, count, "Q", quality, "strip", TRUE, "effort", 2, NULL);
}

/// The first picture, to be read row by row; nothing is decoded yet.
static inline VipsImage *onefold_vips_open(const void *bytes, size_t count) {
  return vips_image_new_from_buffer(bytes, count, "", "access", VIPS_ACCESS_SEQUENTIAL, NULL);
}

/// The same of a JPEG, decoded to a half, a quarter or an eighth of its sides, which is quicker than decoding it whole.
static inline VipsImage *onefold_vips_open_jpeg(const void *bytes, size_t count, int shrink) {
  VipsImage *image = NULL;
  int failed = vips_jpegload_buffer((void *)bytes, count, &image, "shrink", shrink, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
  return failed ? NULL : image;
}

/// Some rows, until the next call; NULL when they cannot be decoded.
static inline const VipsPel *onefold_vips_rows(VipsRegion *region, int top, int count, size_t *rowBytes) {
  VipsRect rows = {0, top, region->im->Xsize, count};
  if (vips_region_prepare(region, &rows)) return NULL;
  *rowBytes = VIPS_REGION_LSKIP(region);
  return VIPS_REGION_ADDR(region, 0, top);
}
