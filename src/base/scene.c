/* Scenes of wx.getLaunchOptionsSync() by source key of Weixin's getVisitDistribution. */
#include "base/event.h"

#define SCENE_FIRST 1001
#define SCENE_LAST 1162
#define GROUP_OTHER 10

uint8_t mp_scene_group(uint16_t scene) {
    static const uint8_t groups[SCENE_LAST - SCENE_FIRST + 1] = {
#define G(scene, group) [(scene)-SCENE_FIRST] = (group)
        G(1001, 1),  G(1002, 1),  G(1004, 1),  G(1005, 2),  G(1006, 2),  G(1007, 3),  G(1008, 3),
        G(1011, 4),  G(1012, 16), G(1013, 17), G(1014, 11), G(1019, 19), G(1020, 5),  G(1021, 12),
        G(1022, 6),  G(1023, 7),  G(1024, 8),  G(1025, 4),  G(1026, 9),  G(1027, 2),  G(1028, 20),
        G(1029, 21), G(1033, 9),  G(1034, 15), G(1035, 13), G(1036, 14), G(1037, 22), G(1038, 23),
        G(1042, 2),  G(1043, 11), G(1044, 3),  G(1047, 4),  G(1048, 16), G(1049, 17), G(1050, 16),
        G(1053, 2),  G(1057, 19), G(1058, 18), G(1060, 15), G(1061, 19), G(1062, 21), G(1066, 19),
        G(1068, 9),  G(1070, 19), G(1071, 19), G(1072, 15), G(1091, 18), G(1093, 3),  G(1094, 3),
        G(1096, 3),  G(1097, 15), G(1102, 13), G(1105, 4),  G(1106, 2),  G(1107, 11), G(1108, 2),
        G(1109, 15), G(1113, 7),  G(1114, 7),  G(1117, 7),  G(1124, 4),  G(1125, 16), G(1126, 17),
        G(1128, 20), G(1130, 13), G(1132, 2),  G(1135, 8),  G(1137, 15), G(1148, 20), G(1149, 15),
        G(1150, 4),  G(1162, 11),
#undef G
    };
    if (scene == 0) {
        return 0;
    }
    if (scene < SCENE_FIRST || scene > SCENE_LAST || groups[scene - SCENE_FIRST] == 0) {
        return GROUP_OTHER;
    }
    return groups[scene - SCENE_FIRST];
}
