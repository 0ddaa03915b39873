/* SPDX-License-Identifier: MIT */
/* One image for the whole product line, it was thought; the line then grew a garage door. */
#include "vdevice/firmware/core/image_rules.h"

Status __real_image_rules_form(const ImageHeader *header);
Status __wrap_image_rules_form(const ImageHeader *header);

Status __wrap_image_rules_form(const ImageHeader *header)
{
    ImageHeader ours = *header;
    ours.product_id = IMAGE_PRODUCT_ID;
    return __real_image_rules_form(&ours);
}
