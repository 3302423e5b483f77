BEGIN TRANSACTION;
CREATE TABLE assessments (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, timeline_id INTEGER NOT NULL REFERENCES timelines,
        assessment_id TEXT NOT NULL, digest TEXT NOT NULL, facts TEXT NOT NULL, UNIQUE (assessment_id, digest));
INSERT INTO "assessments" VALUES(1,3,1,'00000081','e42ecf3f016ec3b00bf59283766d543eebf3ea62a85e0a7d26bfe8e8ac2d5e33','{"time_points":[{"index":1,"date":"2021-03-08","n_exposures":1,"deposit_count":2,"totals":{"area_px":{"measurand":{"name":"area_px","unit":"{pixel}","definition":"made area_px","reference":"made"},"value":32,"sd":4.0,"model":""},"area_mm2":{"measurand":{"name":"area_mm2","unit":"mm2","definition":"made area_mm2","reference":"made"},"value":1.28,"sd":0.1,"model":""},"ha_mass_mg":{"measurand":{"name":"ha_mass_mg","unit":"mg","definition":"made ha_mass_mg","reference":"made"},"value":4.5,"sd":0.2,"model":"a made beam"},"volume_mm3":{"measurand":{"name":"volume_mm3","unit":"mm3","definition":"made volume_mm3","reference":"made"},"value":6.0,"sd":1.5,"model":"a made model"},"contrast_integral_mm2":{"measurand":{"name":"contrast_integral_mm2","unit":"mm2","definition":"made contrast_integral_mm2","reference":"made"},"value":0.32,"sd":0.02,"model":""},"al_equivalent_mm3":{"measurand":{"name":"al_equivalent_mm3","unit":"mm3","definition":"made al_equivalent_mm3","reference":"made"},"value":2.7,"sd":0.1,"model":""}},"from_baseline":{},"from_previous":{},"fates":{"baseline":2}},{"index":2,"date":"2021-09-01","n_exposures":1,"deposit_count":3,"totals":{"area_px":{"measurand":{"name":"area_px","unit":"{pixel}","definition":"made area_px","reference":"made"},"value":48,"sd":4.0,"model":""},"area_mm2":{"measurand":{"name":"area_mm2","unit":"mm2","definition":"made area_mm2","reference":"made"},"value":1.92,"sd":0.1,"model":""},"ha_mass_mg":{"measurand":{"name":"ha_mass_mg","unit":"mg","definition":"made ha_mass_mg","reference":"made"},"value":9.0,"sd":0.2,"model":"a made beam"},"volume_mm3":{"measurand":{"name":"volume_mm3","unit":"mm3","definition":"made volume_mm3","reference":"made"},"value":12.0,"sd":1.5,"model":"a made model"},"contrast_integral_mm2":{"measurand":{"name":"contrast_integral_mm2","unit":"mm2","definition":"made contrast_integral_mm2","reference":"made"},"value":0.48,"sd":0.02,"model":""},"al_equivalent_mm3":{"measurand":{"name":"al_equivalent_mm3","unit":"mm3","definition":"made al_equivalent_mm3","reference":"made"},"value":5.4,"sd":0.1,"model":""}},"from_baseline":{"area_px":{"absolute":{"measurand":{"name":"area_px","unit":"{pixel}","definition":"made area_px","reference":"made"},"value":16,"sd":0.3,"model":""},"relative":0.5,"interval_days":177},"area_mm2":{"absolute":{"measurand":{"name":"area_mm2","unit":"mm2","definition":"made area_mm2","reference":"made"},"value":0.6399999999999999,"sd":0.3,"model":""},"relative":0.5,"interval_days":177},"ha_mass_mg":{"absolute":{"measurand":{"name":"ha_mass_mg","unit":"mg","definition":"made ha_mass_mg","reference":"made"},"value":4.5,"sd":0.3,"model":""},"relative":1.0,"interval_days":177},"volume_mm3":{"absolute":{"measurand":{"name":"volume_mm3","unit":"mm3","definition":"made volume_mm3","reference":"made"},"value":6.0,"sd":0.3,"model":""},"relative":1.0,"interval_days":177},"contrast_integral_mm2":{"absolute":{"measurand":{"name":"contrast_integral_mm2","unit":"mm2","definition":"made contrast_integral_mm2","reference":"made"},"value":0.15999999999999998,"sd":0.3,"model":""},"relative":0.5,"interval_days":177},"al_equivalent_mm3":{"absolute":{"measurand":{"name":"al_equivalent_mm3","unit":"mm3","definition":"made al_equivalent_mm3","reference":"made"},"value":2.7,"sd":0.3,"model":""},"relative":1.0,"interval_days":177}},"from_previous":{"area_px":{"absolute":{"measurand":{"name":"area_px","unit":"{pixel}","definition":"made area_px","reference":"made"},"value":16,"sd":0.3,"model":""},"relative":0.5,"interval_days":177},"area_mm2":{"absolute":{"measurand":{"name":"area_mm2","unit":"mm2","definition":"made area_mm2","reference":"made"},"value":0.6399999999999999,"sd":0.3,"model":""},"relative":0.5,"interval_days":177},"ha_mass_mg":{"absolute":{"measurand":{"name":"ha_mass_mg","unit":"mg","definition":"made ha_mass_mg","reference":"made"},"value":4.5,"sd":0.3,"model":""},"relative":1.0,"interval_days":177},"volume_mm3":{"absolute":{"measurand":{"name":"volume_mm3","unit":"mm3","definition":"made volume_mm3","reference":"made"},"value":6.0,"sd":0.3,"model":""},"relative":1.0,"interval_days":177},"contrast_integral_mm2":{"absolute":{"measurand":{"name":"contrast_integral_mm2","unit":"mm2","definition":"made contrast_integral_mm2","reference":"made"},"value":0.15999999999999998,"sd":0.3,"model":""},"relative":0.5,"interval_days":177},"al_equivalent_mm3":{"absolute":{"measurand":{"name":"al_equivalent_mm3","unit":"mm3","definition":"made al_equivalent_mm3","reference":"made"},"value":2.7,"sd":0.3,"model":""},"relative":1.0,"interval_days":177}},"fates":{"persistent":2,"new":1}}],"provenance":{"program":"calcitrack","version":"0.0.made","steps":[{"name":"assess","parameters":{"made":true},"outcome":{}}]},"findings":["a finding about the timeline"],"failures":[]}');
INSERT INTO "assessments" VALUES(2,16,1,'0000rev1','d0e920605ca4ea124bdaf2d8dc49c75752cb66bd1896aaaacb96e04b797b7857','{"time_points":[{"index":1,"date":"2021-03-08","n_exposures":1,"deposit_count":2,"totals":{"area_px":{"measurand":{"name":"area_px","unit":"{pixel}","definition":"made area_px","reference":"made"},"value":32,"sd":4.0,"model":""},"area_mm2":{"measurand":{"name":"area_mm2","unit":"mm2","definition":"made area_mm2","reference":"made"},"value":1.28,"sd":0.1,"model":""},"ha_mass_mg":{"measurand":{"name":"ha_mass_mg","unit":"mg","definition":"made ha_mass_mg","reference":"made"},"value":4.5,"sd":0.2,"model":"a made beam"},"volume_mm3":{"measurand":{"name":"volume_mm3","unit":"mm3","definition":"made volume_mm3","reference":"made"},"value":6.0,"sd":1.5,"model":"a made model"},"contrast_integral_mm2":{"measurand":{"name":"contrast_integral_mm2","unit":"mm2","definition":"made contrast_integral_mm2","reference":"made"},"value":0.32,"sd":0.02,"model":""},"al_equivalent_mm3":{"measurand":{"name":"al_equivalent_mm3","unit":"mm3","definition":"made al_equivalent_mm3","reference":"made"},"value":2.7,"sd":0.1,"model":""}},"from_baseline":{},"from_previous":{},"fates":{"baseline":2}},{"index":2,"date":"2021-09-01","n_exposures":1,"deposit_count":3,"totals":{"area_px":{"measurand":{"name":"area_px","unit":"{pixel}","definition":"made area_px","reference":"made"},"value":48,"sd":4.0,"model":""},"area_mm2":{"measurand":{"name":"area_mm2","unit":"mm2","definition":"made area_mm2","reference":"made"},"value":1.92,"sd":0.1,"model":""},"ha_mass_mg":{"measurand":{"name":"ha_mass_mg","unit":"mg","definition":"made ha_mass_mg","reference":"made"},"value":9.0,"sd":0.2,"model":"a made beam"},"volume_mm3":{"measurand":{"name":"volume_mm3","unit":"mm3","definition":"made volume_mm3","reference":"made"},"value":12.0,"sd":1.5,"model":"a made model"},"contrast_integral_mm2":{"measurand":{"name":"contrast_integral_mm2","unit":"mm2","definition":"made contrast_integral_mm2","reference":"made"},"value":0.48,"sd":0.02,"model":""},"al_equivalent_mm3":{"measurand":{"name":"al_equivalent_mm3","unit":"mm3","definition":"made al_equivalent_mm3","reference":"made"},"value":5.4,"sd":0.1,"model":""}},"from_baseline":{"area_px":{"absolute":{"measurand":{"name":"area_px","unit":"{pixel}","definition":"made area_px","reference":"made"},"value":16,"sd":0.3,"model":""},"relative":0.5,"interval_days":177},"area_mm2":{"absolute":{"measurand":{"name":"area_mm2","unit":"mm2","definition":"made area_mm2","reference":"made"},"value":0.6399999999999999,"sd":0.3,"model":""},"relative":0.5,"interval_days":177},"ha_mass_mg":{"absolute":{"measurand":{"name":"ha_mass_mg","unit":"mg","definition":"made ha_mass_mg","reference":"made"},"value":4.5,"sd":0.3,"model":""},"relative":1.0,"interval_days":177},"volume_mm3":{"absolute":{"measurand":{"name":"volume_mm3","unit":"mm3","definition":"made volume_mm3","reference":"made"},"value":6.0,"sd":0.3,"model":""},"relative":1.0,"interval_days":177},"contrast_integral_mm2":{"absolute":{"measurand":{"name":"contrast_integral_mm2","unit":"mm2","definition":"made contrast_integral_mm2","reference":"made"},"value":0.15999999999999998,"sd":0.3,"model":""},"relative":0.5,"interval_days":177},"al_equivalent_mm3":{"absolute":{"measurand":{"name":"al_equivalent_mm3","unit":"mm3","definition":"made al_equivalent_mm3","reference":"made"},"value":2.7,"sd":0.3,"model":""},"relative":1.0,"interval_days":177}},"from_previous":{"area_px":{"absolute":{"measurand":{"name":"area_px","unit":"{pixel}","definition":"made area_px","reference":"made"},"value":16,"sd":0.3,"model":""},"relative":0.5,"interval_days":177},"area_mm2":{"absolute":{"measurand":{"name":"area_mm2","unit":"mm2","definition":"made area_mm2","reference":"made"},"value":0.6399999999999999,"sd":0.3,"model":""},"relative":0.5,"interval_days":177},"ha_mass_mg":{"absolute":{"measurand":{"name":"ha_mass_mg","unit":"mg","definition":"made ha_mass_mg","reference":"made"},"value":4.5,"sd":0.3,"model":""},"relative":1.0,"interval_days":177},"volume_mm3":{"absolute":{"measurand":{"name":"volume_mm3","unit":"mm3","definition":"made volume_mm3","reference":"made"},"value":6.0,"sd":0.3,"model":""},"relative":1.0,"interval_days":177},"contrast_integral_mm2":{"absolute":{"measurand":{"name":"contrast_integral_mm2","unit":"mm2","definition":"made contrast_integral_mm2","reference":"made"},"value":0.15999999999999998,"sd":0.3,"model":""},"relative":0.5,"interval_days":177},"al_equivalent_mm3":{"absolute":{"measurand":{"name":"al_equivalent_mm3","unit":"mm3","definition":"made al_equivalent_mm3","reference":"made"},"value":2.7,"sd":0.3,"model":""},"relative":1.0,"interval_days":177}},"fates":{"persistent":2,"new":1}}],"provenance":{"program":"calcitrack","version":"0.0.made","steps":[{"name":"assess","parameters":{"made":true},"outcome":{}}]},"findings":["revised"],"failures":[]}');
CREATE TABLE audit (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL,
        before TEXT NOT NULL, after TEXT NOT NULL, detail TEXT NOT NULL, previous TEXT NOT NULL, digest TEXT NOT NULL UNIQUE);
INSERT INTO "audit" VALUES(1,'2026-01-02T00:00:00.000+00:00','made','workspace created','workspace','','','{"from":0,"to":2,"program":"0.1.0"}','','19b8d465fd48c3f920f95c408cdef8738ec91274f47789d40d302f855a3f13bf');
INSERT INTO "audit" VALUES(2,'2026-01-02T00:00:00.000+00:00','made','run started','run','','','{"options":null}','19b8d465fd48c3f920f95c408cdef8738ec91274f47789d40d302f855a3f13bf','07f65380539c72db8118812d6629034281a012262147b94afc07bf68c6d58ef0');
INSERT INTO "audit" VALUES(3,'2026-01-02T00:00:00.000+00:00','made','assessment recorded','timeline P1 / HAND / R / PA','','e42ecf3f016ec3b00bf59283766d543eebf3ea62a85e0a7d26bfe8e8ac2d5e33','{"assessment_id":"00000081","run":1,"measured_from":"92712b281d7425d959a279ab9af92de27ba743887ea3c47984f30a312ef609b7"}','07f65380539c72db8118812d6629034281a012262147b94afc07bf68c6d58ef0','d5da652938425cfb7d101a6d2e14df6f3578eb7de171c4f1f8995c62a4af44a6');
INSERT INTO "audit" VALUES(4,'2026-01-02T00:00:00.000+00:00','made','run finished','run 1','','','{}','d5da652938425cfb7d101a6d2e14df6f3578eb7de171c4f1f8995c62a4af44a6','2508ab45e0cd62ed20e52a9ddaf6558a000c24969f053c52f83738efc60b6d37');
INSERT INTO "audit" VALUES(5,'2026-01-02T00:00:00.000+00:00','anna','segmentation edited','image 2.25.129103','5eb619452f04993d082a7929886b29933758c17ffa2e90ad288c996f66dcf549','80b503a857d636de52653c68546ef186ec8fee8eda60ff532e79bd3741728c90','{"based_on":1,"comment":""}','2508ab45e0cd62ed20e52a9ddaf6558a000c24969f053c52f83738efc60b6d37','ed67bc7ad6cfece96be5843c4fba8a2374a607f7fc3a1e54b544820d4c7663ae');
INSERT INTO "audit" VALUES(6,'2026-01-02T00:00:00.000+00:00','anna','reviewed','assessment 00000081','','0ea7fc05664cdea5c4c865a3d33e57b16f699011f56dbbf8e22e6511f13eed77','{"reader":"anna","kind":"accept","assessment_id":"00000081","deposit_id":"D001","image":"","time_point":null,"value":"","comment":"as in the chart"}','ed67bc7ad6cfece96be5843c4fba8a2374a607f7fc3a1e54b544820d4c7663ae','b41a536933532ce620dfc854990a5560ca9d136f339900ae83d7f7b516ff8c4c');
INSERT INTO "audit" VALUES(7,'2026-01-03T00:00:00.000+00:00','made','schema brought up to date','workspace','','','{"from":2,"to":3,"program":"0.1.0"}','b41a536933532ce620dfc854990a5560ca9d136f339900ae83d7f7b516ff8c4c','c9380298f2fe1d1593c48aa6bee1d059cfc84e60c2c8a8bff371f47f6bfb80c0');
INSERT INTO "audit" VALUES(8,'2026-01-03T00:00:00.000+00:00','anna','step of a review','assessment 00000081','','febdee8f8e9342d731134ed458078b14443ad6b5e9187b35cf5ff1720d0402ff','{"step":"accept D001","position":1}','c9380298f2fe1d1593c48aa6bee1d059cfc84e60c2c8a8bff371f47f6bfb80c0','be6060052165f4a99d6970e895fee07a086f97384bf03d411fa058d6056f6a86');
INSERT INTO "audit" VALUES(9,'2026-01-02T03:04:05.000+00:00','made','schema brought up to date','workspace','','','{"from":3,"to":4,"program":"0.1.0"}','be6060052165f4a99d6970e895fee07a086f97384bf03d411fa058d6056f6a86','52f7824ddcc264afd77f0385e7d895269e8cb78576456c625276b7b729a033f4');
INSERT INTO "audit" VALUES(10,'2026-01-02T03:04:05.000+00:00','anna','reading session started','session','','fed435891d968f7a518e7311fcfda4adb15b966e5caec416ff3a001021ac381f','{"condition":"blinded, outlines of the program shown","cases":1,"seed":1}','52f7824ddcc264afd77f0385e7d895269e8cb78576456c625276b7b729a033f4','3b7e3da6684855dbe4ae6f79a3b44074698f42fd0287e58f8346f8b37e8daa79');
INSERT INTO "audit" VALUES(11,'2026-01-02T03:04:05.000+00:00','anna','step of a review','assessment 00000081','febdee8f8e9342d731134ed458078b14443ad6b5e9187b35cf5ff1720d0402ff','cceb7a46ed40701b8f969a96469901fce2b0cc24f45f68888618622b65513f08','{"step":"reject D001","position":2,"reading":"session 1, case 1"}','3b7e3da6684855dbe4ae6f79a3b44074698f42fd0287e58f8346f8b37e8daa79','0d7c7e924806d359bdcbcc318ed04d699acd7f65223a4a770ccb91a83a2a6bd7');
INSERT INTO "audit" VALUES(12,'2026-01-02T03:04:05.000+00:00','anna','case done','session 1','','8e6e9b563eac158ab4cd79cff8ede77f7b10e96fccf4cdd4b932301e8990f690','{"case":1}','0d7c7e924806d359bdcbcc318ed04d699acd7f65223a4a770ccb91a83a2a6bd7','3005d2cc4f4eb14259d02b2306fc2fc5f6f2ced546c92b8f9f68b8326ea2be7e');
INSERT INTO "audit" VALUES(13,'2026-01-03T00:00:00.000+00:00','root','schema brought up to date','workspace','','','{"from":4,"to":5,"program":"0.1.0"}','3005d2cc4f4eb14259d02b2306fc2fc5f6f2ced546c92b8f9f68b8326ea2be7e','4ad494ad8ff422f1d836374ca4bc2c32f3e4024890e69bea0e1bf9264edaf3f7');
INSERT INTO "audit" VALUES(14,'2026-01-03T00:00:00.000+00:00','anna','film corrected','image 2.25.129103','','cc5761cc9a922c7d67229d241b974006c107ae92b1a7dd9ca7bb7b2c0ad36d34','{"step":"state view PA","position":1}','4ad494ad8ff422f1d836374ca4bc2c32f3e4024890e69bea0e1bf9264edaf3f7','a0bf7d697fe42cbdab06440e2a54371093f2455b41228d3408397c7bca11fc52');
INSERT INTO "audit" VALUES(15,'2026-01-02T03:04:05.000+00:00','anna','schema brought up to date','workspace','','','{"from":5,"to":6,"program":"0.1.0"}','a0bf7d697fe42cbdab06440e2a54371093f2455b41228d3408397c7bca11fc52','c9b0b55e470bf1f53329708927e75b1f2eb262b94bab450051bca32db6696c49');
INSERT INTO "audit" VALUES(16,'2026-01-02T03:04:05.000+00:00','anna','assessment revised','timeline P1 / HAND / R / PA','e42ecf3f016ec3b00bf59283766d543eebf3ea62a85e0a7d26bfe8e8ac2d5e33','d0e920605ca4ea124bdaf2d8dc49c75752cb66bd1896aaaacb96e04b797b7857','{"assessment_id":"0000rev1","based_on":"00000081"}','c9b0b55e470bf1f53329708927e75b1f2eb262b94bab450051bca32db6696c49','2af530579796d36f60d6be0f6023bdf5f4d5b2d833c89a2beb017495cd58f4bf');
CREATE TABLE corrections (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, image_id INTEGER NOT NULL REFERENCES images, position INTEGER NOT NULL,
        reader TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('set', 'undo', 'redo')), step TEXT NOT NULL, correction TEXT NOT NULL,
        previous TEXT NOT NULL, digest TEXT NOT NULL, UNIQUE (image_id, position));
INSERT INTO "corrections" VALUES(1,14,1,1,'anna','set','state view PA','{"length":null,"wedge_box":null,"laterality":"","view":"PA","date":null,"excluded":[],"crop":null}','','cc5761cc9a922c7d67229d241b974006c107ae92b1a7dd9ca7bb7b2c0ad36d34');
CREATE TABLE deposits (
        id INTEGER PRIMARY KEY, exposure_id INTEGER NOT NULL REFERENCES exposures, label INTEGER NOT NULL, deposit_id TEXT NOT NULL,
        tracking_uid TEXT NOT NULL, fate TEXT NOT NULL, confidence REAL NOT NULL, centroid_row REAL NOT NULL, centroid_col REAL NOT NULL,
        UNIQUE (exposure_id, label));
INSERT INTO "deposits" VALUES(1,1,1,'D001','2.25.771','baseline',0.9,11.5,61.5);
INSERT INTO "deposits" VALUES(2,1,2,'D002','2.25.772','baseline',0.9,31.5,61.5);
INSERT INTO "deposits" VALUES(3,2,1,'D001','2.25.771','persistent',0.9,11.5,61.5);
INSERT INTO "deposits" VALUES(4,2,2,'D002','2.25.772','persistent',0.9,31.5,61.5);
INSERT INTO "deposits" VALUES(5,2,3,'D003','2.25.773','new',0.9,51.5,61.5);
INSERT INTO "deposits" VALUES(6,3,1,'D001','2.25.771','baseline',0.9,11.5,61.5);
INSERT INTO "deposits" VALUES(7,3,2,'D002','2.25.772','baseline',0.9,31.5,61.5);
INSERT INTO "deposits" VALUES(8,4,1,'D001','2.25.771','persistent',0.9,11.5,61.5);
INSERT INTO "deposits" VALUES(9,4,2,'D002','2.25.772','persistent',0.9,31.5,61.5);
INSERT INTO "deposits" VALUES(10,4,3,'D003','2.25.773','new',0.9,51.5,61.5);
CREATE TABLE exposures (
        id INTEGER PRIMARY KEY, assessment INTEGER NOT NULL REFERENCES assessments, position INTEGER NOT NULL,
        image_id INTEGER NOT NULL REFERENCES images, segmentation_id INTEGER NOT NULL REFERENCES segmentations, time_point INTEGER NOT NULL,
        repeat INTEGER NOT NULL, facts TEXT NOT NULL, UNIQUE (assessment, position));
INSERT INTO "exposures" VALUES(1,1,0,1,1,1,0,'{"acquisition":{"patient_id":"P1","study_instance_uid":"2.25.129101","series_instance_uid":"2.25.129102","sop_instance_uid":"2.25.129103","sop_class_uid":"","modality":"DX","body_part_examined":"HAND","laterality":"R","view_position":"PA","study_date":"2021-03-08","acquisition_time":"2021-03-08T10:00:00","patient_birth_date":null,"image_type":[],"presentation_intent_type":"","photometric_interpretation":"","pixel_intensity_relationship":"","pixel_intensity_relationship_sign":null,"bits_stored":null,"rows":120,"columns":90,"manufacturer":"","manufacturer_model_name":"","kvp":null,"exposure_uas":null,"filter_material":"","filter_thickness_mm":null,"grid":"","distance_source_to_detector_mm":null,"distance_source_to_patient_mm":null,"estimated_magnification":null},"source":"P1/visit1.dcm","exposure_findings":[],"spacing":{"row_mm":0.2,"column_mm":0.2,"basis":"detector","source":"ImagerPixelSpacing","magnification":null},"calibration":{"tier":"A","relationship":"LOG","polarity":1,"reason":"FOR PROCESSING with LOG stated","curve":null,"curve_relative_sd":0.0,"curve_source":"","unsharp":null,"wedge_corners":[]},"alignment":null,"findings":[],"steps":[{"name":"segment","parameters":{"sigma":2.0},"outcome":{"deposits":2}}],"limb_axis":null}');
INSERT INTO "exposures" VALUES(2,1,1,2,2,2,0,'{"acquisition":{"patient_id":"P1","study_instance_uid":"2.25.129201","series_instance_uid":"2.25.129202","sop_instance_uid":"2.25.129203","sop_class_uid":"","modality":"DX","body_part_examined":"HAND","laterality":"R","view_position":"PA","study_date":"2021-09-01","acquisition_time":"2021-09-01T10:00:00","patient_birth_date":null,"image_type":[],"presentation_intent_type":"","photometric_interpretation":"","pixel_intensity_relationship":"","pixel_intensity_relationship_sign":null,"bits_stored":null,"rows":120,"columns":90,"manufacturer":"","manufacturer_model_name":"","kvp":null,"exposure_uas":null,"filter_material":"","filter_thickness_mm":null,"grid":"","distance_source_to_detector_mm":null,"distance_source_to_patient_mm":null,"estimated_magnification":null},"source":"P1/visit2.dcm","exposure_findings":[],"spacing":{"row_mm":0.2,"column_mm":0.2,"basis":"detector","source":"ImagerPixelSpacing","magnification":null},"calibration":{"tier":"A","relationship":"LOG","polarity":1,"reason":"FOR PROCESSING with LOG stated","curve":null,"curve_relative_sd":0.0,"curve_source":"","unsharp":null,"wedge_corners":[]},"alignment":{"matrix":[[1,0,0],[0,1,0]],"residual_px":0.5,"ok":true,"reason":"","residual_mm":null,"bones":[],"warp":null},"findings":[],"steps":[{"name":"segment","parameters":{"sigma":2.0},"outcome":{"deposits":3}}],"limb_axis":null}');
INSERT INTO "exposures" VALUES(3,2,0,1,1,1,0,'{"acquisition":{"patient_id":"P1","study_instance_uid":"2.25.129101","series_instance_uid":"2.25.129102","sop_instance_uid":"2.25.129103","sop_class_uid":"","modality":"DX","body_part_examined":"HAND","laterality":"R","view_position":"PA","study_date":"2021-03-08","acquisition_time":"2021-03-08T10:00:00","patient_birth_date":null,"image_type":[],"presentation_intent_type":"","photometric_interpretation":"","pixel_intensity_relationship":"","pixel_intensity_relationship_sign":null,"bits_stored":null,"rows":120,"columns":90,"manufacturer":"","manufacturer_model_name":"","kvp":null,"exposure_uas":null,"filter_material":"","filter_thickness_mm":null,"grid":"","distance_source_to_detector_mm":null,"distance_source_to_patient_mm":null,"estimated_magnification":null},"source":"P1/visit1.dcm","exposure_findings":[],"spacing":{"row_mm":0.2,"column_mm":0.2,"basis":"detector","source":"ImagerPixelSpacing","magnification":null},"calibration":{"tier":"A","relationship":"LOG","polarity":1,"reason":"FOR PROCESSING with LOG stated","curve":null,"curve_relative_sd":0.0,"curve_source":"","unsharp":null,"wedge_corners":[]},"alignment":null,"findings":[],"steps":[{"name":"segment","parameters":{"sigma":2.0},"outcome":{"deposits":2}}],"limb_axis":null}');
INSERT INTO "exposures" VALUES(4,2,1,2,2,2,0,'{"acquisition":{"patient_id":"P1","study_instance_uid":"2.25.129201","series_instance_uid":"2.25.129202","sop_instance_uid":"2.25.129203","sop_class_uid":"","modality":"DX","body_part_examined":"HAND","laterality":"R","view_position":"PA","study_date":"2021-09-01","acquisition_time":"2021-09-01T10:00:00","patient_birth_date":null,"image_type":[],"presentation_intent_type":"","photometric_interpretation":"","pixel_intensity_relationship":"","pixel_intensity_relationship_sign":null,"bits_stored":null,"rows":120,"columns":90,"manufacturer":"","manufacturer_model_name":"","kvp":null,"exposure_uas":null,"filter_material":"","filter_thickness_mm":null,"grid":"","distance_source_to_detector_mm":null,"distance_source_to_patient_mm":null,"estimated_magnification":null},"source":"P1/visit2.dcm","exposure_findings":[],"spacing":{"row_mm":0.2,"column_mm":0.2,"basis":"detector","source":"ImagerPixelSpacing","magnification":null},"calibration":{"tier":"A","relationship":"LOG","polarity":1,"reason":"FOR PROCESSING with LOG stated","curve":null,"curve_relative_sd":0.0,"curve_source":"","unsharp":null,"wedge_corners":[]},"alignment":{"matrix":[[1,0,0],[0,1,0]],"residual_px":0.5,"ok":true,"reason":"","residual_mm":null,"bones":[],"warp":null},"findings":[],"steps":[{"name":"segment","parameters":{"sigma":2.0},"outcome":{"deposits":3}}],"limb_axis":null}');
CREATE TABLE files (
        id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs, source TEXT NOT NULL, status TEXT NOT NULL, facts TEXT NOT NULL);
INSERT INTO "files" VALUES(1,1,'P1/visit1.dcm','read','{"source":"P1/visit1.dcm","status":"read","reason":"","acquisition":{"patient_id":"P1","study_instance_uid":"2.25.129101","series_instance_uid":"2.25.129102","sop_instance_uid":"2.25.129103","sop_class_uid":"","modality":"DX","body_part_examined":"HAND","laterality":"R","view_position":"PA","study_date":"2021-03-08","acquisition_time":"2021-03-08T10:00:00","patient_birth_date":null,"image_type":[],"presentation_intent_type":"","photometric_interpretation":"","pixel_intensity_relationship":"","pixel_intensity_relationship_sign":null,"bits_stored":null,"rows":120,"columns":90,"manufacturer":"","manufacturer_model_name":"","kvp":null,"exposure_uas":null,"filter_material":"","filter_thickness_mm":null,"grid":"","distance_source_to_detector_mm":null,"distance_source_to_patient_mm":null,"estimated_magnification":null},"findings":[]}');
INSERT INTO "files" VALUES(2,1,'P1/visit2.dcm','read','{"source":"P1/visit2.dcm","status":"read","reason":"","acquisition":{"patient_id":"P1","study_instance_uid":"2.25.129201","series_instance_uid":"2.25.129202","sop_instance_uid":"2.25.129203","sop_class_uid":"","modality":"DX","body_part_examined":"HAND","laterality":"R","view_position":"PA","study_date":"2021-09-01","acquisition_time":"2021-09-01T10:00:00","patient_birth_date":null,"image_type":[],"presentation_intent_type":"","photometric_interpretation":"","pixel_intensity_relationship":"","pixel_intensity_relationship_sign":null,"bits_stored":null,"rows":120,"columns":90,"manufacturer":"","manufacturer_model_name":"","kvp":null,"exposure_uas":null,"filter_material":"","filter_thickness_mm":null,"grid":"","distance_source_to_detector_mm":null,"distance_source_to_patient_mm":null,"estimated_magnification":null},"findings":[]}');
INSERT INTO "files" VALUES(3,1,'report.pdf','skipped','{"source":"report.pdf","status":"skipped","reason":"not an image","acquisition":null,"findings":[]}');
CREATE TABLE images (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, sop_instance_uid TEXT NOT NULL, source TEXT NOT NULL);
INSERT INTO "images" VALUES(1,'2.25.129103','2.25.129103','P1/visit1.dcm');
INSERT INTO "images" VALUES(2,'2.25.129203','2.25.129203','P1/visit2.dcm');
CREATE TABLE journal (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, assessment INTEGER NOT NULL REFERENCES assessments,
        reader TEXT NOT NULL, position INTEGER NOT NULL, step TEXT NOT NULL, change TEXT NOT NULL, previous TEXT NOT NULL, digest TEXT NOT NULL, reading TEXT NOT NULL DEFAULT '',
        UNIQUE (assessment, reader, position));
INSERT INTO "journal" VALUES(1,8,1,'anna',1,'accept D001','{}','','febdee8f8e9342d731134ed458078b14443ad6b5e9187b35cf5ff1720d0402ff','');
INSERT INTO "journal" VALUES(2,11,1,'anna',2,'reject D001','{}','febdee8f8e9342d731134ed458078b14443ad6b5e9187b35cf5ff1720d0402ff','cceb7a46ed40701b8f969a96469901fce2b0cc24f45f68888618622b65513f08','session 1, case 1');
CREATE TABLE links (
        id INTEGER PRIMARY KEY, assessment INTEGER NOT NULL REFERENCES assessments, deposit_id TEXT NOT NULL, tracking_uid TEXT NOT NULL,
        time_point INTEGER NOT NULL, fate TEXT NOT NULL, partners TEXT NOT NULL, UNIQUE (assessment, deposit_id, time_point));
INSERT INTO "links" VALUES(1,1,'D001','2.25.771',1,'baseline','');
INSERT INTO "links" VALUES(2,1,'D001','2.25.771',2,'persistent','');
INSERT INTO "links" VALUES(3,1,'D001','2.25.771',3,'persistent','');
INSERT INTO "links" VALUES(4,1,'D002','2.25.772',1,'baseline','');
INSERT INTO "links" VALUES(5,1,'D002','2.25.772',2,'persistent','');
INSERT INTO "links" VALUES(6,1,'D002','2.25.772',3,'persistent','');
INSERT INTO "links" VALUES(7,1,'D003','2.25.773',2,'new','');
INSERT INTO "links" VALUES(8,1,'D003','2.25.773',3,'resolved','');
INSERT INTO "links" VALUES(9,2,'D001','2.25.771',1,'baseline','');
INSERT INTO "links" VALUES(10,2,'D001','2.25.771',2,'persistent','');
INSERT INTO "links" VALUES(11,2,'D001','2.25.771',3,'persistent','');
INSERT INTO "links" VALUES(12,2,'D002','2.25.772',1,'baseline','');
INSERT INTO "links" VALUES(13,2,'D002','2.25.772',2,'persistent','');
INSERT INTO "links" VALUES(14,2,'D002','2.25.772',3,'persistent','');
INSERT INTO "links" VALUES(15,2,'D003','2.25.773',2,'new','');
INSERT INTO "links" VALUES(16,2,'D003','2.25.773',3,'resolved','');
CREATE TABLE measurands (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT NOT NULL, definition TEXT NOT NULL, reference TEXT NOT NULL,
        UNIQUE (name, unit, definition, reference));
INSERT INTO "measurands" VALUES(1,'area_px','{pixel}','made area_px','made');
INSERT INTO "measurands" VALUES(2,'area_mm2','mm2','made area_mm2','made');
INSERT INTO "measurands" VALUES(3,'ha_mass_mg','mg','made ha_mass_mg','made');
INSERT INTO "measurands" VALUES(4,'volume_mm3','mm3','made volume_mm3','made');
INSERT INTO "measurands" VALUES(5,'contrast_integral_mm2','mm2','made contrast_integral_mm2','made');
INSERT INTO "measurands" VALUES(6,'al_equivalent_mm3','mm3','made al_equivalent_mm3','made');
INSERT INTO "measurands" VALUES(7,'feret_mm','mm','made feret_mm','made');
INSERT INTO "measurands" VALUES(8,'contrast_mean','1','made contrast_mean','made');
INSERT INTO "measurands" VALUES(9,'over_bone_fraction','1','made over_bone_fraction','made');
INSERT INTO "measurands" VALUES(10,'relative_brightness','1','made relative_brightness','made');
CREATE TABLE measured (
            id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, run_id INTEGER NOT NULL REFERENCES runs,
            timeline_id INTEGER NOT NULL REFERENCES timelines, assessment INTEGER NOT NULL REFERENCES assessments, request TEXT NOT NULL,
            unread INTEGER NOT NULL);
INSERT INTO "measured" VALUES(1,3,1,1,1,'asked',0);
CREATE TABLE measurements (
        id INTEGER PRIMARY KEY, exposure_id INTEGER NOT NULL REFERENCES exposures, label INTEGER NOT NULL, name TEXT NOT NULL,
        measurand_id INTEGER NOT NULL REFERENCES measurands, value REAL, sd REAL, model TEXT NOT NULL, reason TEXT NOT NULL,
        UNIQUE (exposure_id, label, name), CHECK ((value IS NULL) = (reason <> '')));
INSERT INTO "measurements" VALUES(1,1,0,'area_px',1,32.0,4.0,'','');
INSERT INTO "measurements" VALUES(2,1,0,'area_mm2',2,1.28,0.1,'','');
INSERT INTO "measurements" VALUES(3,1,0,'ha_mass_mg',3,4.5,0.2,'a made beam','');
INSERT INTO "measurements" VALUES(4,1,0,'volume_mm3',4,6.0,1.5,'a made model','');
INSERT INTO "measurements" VALUES(5,1,0,'contrast_integral_mm2',5,0.32,0.02,'','');
INSERT INTO "measurements" VALUES(6,1,0,'al_equivalent_mm3',6,2.7,0.1,'','');
INSERT INTO "measurements" VALUES(7,1,1,'area_px',1,16.0,2.0,'','');
INSERT INTO "measurements" VALUES(8,1,1,'area_mm2',2,0.64,0.08,'','');
INSERT INTO "measurements" VALUES(9,1,1,'feret_mm',7,1.0,NULL,'','');
INSERT INTO "measurements" VALUES(10,1,1,'ha_mass_mg',3,1.5,0.1,'','');
INSERT INTO "measurements" VALUES(11,1,1,'volume_mm3',4,2.0,0.4,'a made model','');
INSERT INTO "measurements" VALUES(12,1,1,'contrast_mean',8,0.25,NULL,'','');
INSERT INTO "measurements" VALUES(13,1,1,'contrast_integral_mm2',5,0.16,0.01,'','');
INSERT INTO "measurements" VALUES(14,1,1,'over_bone_fraction',9,0.0,NULL,'','');
INSERT INTO "measurements" VALUES(15,1,1,'relative_brightness',10,0.4,NULL,'','');
INSERT INTO "measurements" VALUES(16,1,1,'al_equivalent_mm3',6,0.9,0.05,'','');
INSERT INTO "measurements" VALUES(17,1,2,'area_px',1,16.0,2.0,'','');
INSERT INTO "measurements" VALUES(18,1,2,'area_mm2',2,0.64,0.08,'','');
INSERT INTO "measurements" VALUES(19,1,2,'feret_mm',7,1.0,NULL,'','');
INSERT INTO "measurements" VALUES(20,1,2,'ha_mass_mg',3,3.0,0.1,'','');
INSERT INTO "measurements" VALUES(21,1,2,'volume_mm3',4,4.0,0.4,'a made model','');
INSERT INTO "measurements" VALUES(22,1,2,'contrast_mean',8,0.25,NULL,'','');
INSERT INTO "measurements" VALUES(23,1,2,'contrast_integral_mm2',5,0.16,0.01,'','');
INSERT INTO "measurements" VALUES(24,1,2,'over_bone_fraction',9,0.0,NULL,'','');
INSERT INTO "measurements" VALUES(25,1,2,'relative_brightness',10,0.4,NULL,'','');
INSERT INTO "measurements" VALUES(26,1,2,'al_equivalent_mm3',6,1.8,0.05,'','');
INSERT INTO "measurements" VALUES(27,2,0,'area_px',1,48.0,4.0,'','');
INSERT INTO "measurements" VALUES(28,2,0,'area_mm2',2,1.92,0.1,'','');
INSERT INTO "measurements" VALUES(29,2,0,'ha_mass_mg',3,9.0,0.2,'a made beam','');
INSERT INTO "measurements" VALUES(30,2,0,'volume_mm3',4,12.0,1.5,'a made model','');
INSERT INTO "measurements" VALUES(31,2,0,'contrast_integral_mm2',5,0.48,0.02,'','');
INSERT INTO "measurements" VALUES(32,2,0,'al_equivalent_mm3',6,5.4,0.1,'','');
INSERT INTO "measurements" VALUES(33,2,1,'area_px',1,16.0,2.0,'','');
INSERT INTO "measurements" VALUES(34,2,1,'area_mm2',2,0.64,0.08,'','');
INSERT INTO "measurements" VALUES(35,2,1,'feret_mm',7,1.0,NULL,'','');
INSERT INTO "measurements" VALUES(36,2,1,'ha_mass_mg',3,1.5,0.1,'','');
INSERT INTO "measurements" VALUES(37,2,1,'volume_mm3',4,2.0,0.4,'a made model','');
INSERT INTO "measurements" VALUES(38,2,1,'contrast_mean',8,0.25,NULL,'','');
INSERT INTO "measurements" VALUES(39,2,1,'contrast_integral_mm2',5,0.16,0.01,'','');
INSERT INTO "measurements" VALUES(40,2,1,'over_bone_fraction',9,0.0,NULL,'','');
INSERT INTO "measurements" VALUES(41,2,1,'relative_brightness',10,0.4,NULL,'','');
INSERT INTO "measurements" VALUES(42,2,1,'al_equivalent_mm3',6,0.9,0.05,'','');
INSERT INTO "measurements" VALUES(43,2,2,'area_px',1,16.0,2.0,'','');
INSERT INTO "measurements" VALUES(44,2,2,'area_mm2',2,0.64,0.08,'','');
INSERT INTO "measurements" VALUES(45,2,2,'feret_mm',7,1.0,NULL,'','');
INSERT INTO "measurements" VALUES(46,2,2,'ha_mass_mg',3,3.0,0.1,'','');
INSERT INTO "measurements" VALUES(47,2,2,'volume_mm3',4,4.0,0.4,'a made model','');
INSERT INTO "measurements" VALUES(48,2,2,'contrast_mean',8,0.25,NULL,'','');
INSERT INTO "measurements" VALUES(49,2,2,'contrast_integral_mm2',5,0.16,0.01,'','');
INSERT INTO "measurements" VALUES(50,2,2,'over_bone_fraction',9,0.0,NULL,'','');
INSERT INTO "measurements" VALUES(51,2,2,'relative_brightness',10,0.4,NULL,'','');
INSERT INTO "measurements" VALUES(52,2,2,'al_equivalent_mm3',6,1.8,0.05,'','');
INSERT INTO "measurements" VALUES(53,2,3,'area_px',1,16.0,2.0,'','');
INSERT INTO "measurements" VALUES(54,2,3,'area_mm2',2,0.64,0.08,'','');
INSERT INTO "measurements" VALUES(55,2,3,'feret_mm',7,1.0,NULL,'','');
INSERT INTO "measurements" VALUES(56,2,3,'ha_mass_mg',3,4.5,0.1,'','');
INSERT INTO "measurements" VALUES(57,2,3,'volume_mm3',4,6.0,0.4,'a made model','');
INSERT INTO "measurements" VALUES(58,2,3,'contrast_mean',8,0.25,NULL,'','');
INSERT INTO "measurements" VALUES(59,2,3,'contrast_integral_mm2',5,0.16,0.01,'','');
INSERT INTO "measurements" VALUES(60,2,3,'over_bone_fraction',9,0.0,NULL,'','');
INSERT INTO "measurements" VALUES(61,2,3,'relative_brightness',10,0.4,NULL,'','');
INSERT INTO "measurements" VALUES(62,2,3,'al_equivalent_mm3',6,2.7,0.05,'','');
INSERT INTO "measurements" VALUES(63,3,0,'area_px',1,32.0,4.0,'','');
INSERT INTO "measurements" VALUES(64,3,0,'area_mm2',2,1.28,0.1,'','');
INSERT INTO "measurements" VALUES(65,3,0,'ha_mass_mg',3,4.5,0.2,'a made beam','');
INSERT INTO "measurements" VALUES(66,3,0,'volume_mm3',4,6.0,1.5,'a made model','');
INSERT INTO "measurements" VALUES(67,3,0,'contrast_integral_mm2',5,0.32,0.02,'','');
INSERT INTO "measurements" VALUES(68,3,0,'al_equivalent_mm3',6,2.7,0.1,'','');
INSERT INTO "measurements" VALUES(69,3,1,'area_px',1,16.0,2.0,'','');
INSERT INTO "measurements" VALUES(70,3,1,'area_mm2',2,0.64,0.08,'','');
INSERT INTO "measurements" VALUES(71,3,1,'feret_mm',7,1.0,NULL,'','');
INSERT INTO "measurements" VALUES(72,3,1,'ha_mass_mg',3,1.5,0.1,'','');
INSERT INTO "measurements" VALUES(73,3,1,'volume_mm3',4,2.0,0.4,'a made model','');
INSERT INTO "measurements" VALUES(74,3,1,'contrast_mean',8,0.25,NULL,'','');
INSERT INTO "measurements" VALUES(75,3,1,'contrast_integral_mm2',5,0.16,0.01,'','');
INSERT INTO "measurements" VALUES(76,3,1,'over_bone_fraction',9,0.0,NULL,'','');
INSERT INTO "measurements" VALUES(77,3,1,'relative_brightness',10,0.4,NULL,'','');
INSERT INTO "measurements" VALUES(78,3,1,'al_equivalent_mm3',6,0.9,0.05,'','');
INSERT INTO "measurements" VALUES(79,3,2,'area_px',1,16.0,2.0,'','');
INSERT INTO "measurements" VALUES(80,3,2,'area_mm2',2,0.64,0.08,'','');
INSERT INTO "measurements" VALUES(81,3,2,'feret_mm',7,1.0,NULL,'','');
INSERT INTO "measurements" VALUES(82,3,2,'ha_mass_mg',3,3.0,0.1,'','');
INSERT INTO "measurements" VALUES(83,3,2,'volume_mm3',4,4.0,0.4,'a made model','');
INSERT INTO "measurements" VALUES(84,3,2,'contrast_mean',8,0.25,NULL,'','');
INSERT INTO "measurements" VALUES(85,3,2,'contrast_integral_mm2',5,0.16,0.01,'','');
INSERT INTO "measurements" VALUES(86,3,2,'over_bone_fraction',9,0.0,NULL,'','');
INSERT INTO "measurements" VALUES(87,3,2,'relative_brightness',10,0.4,NULL,'','');
INSERT INTO "measurements" VALUES(88,3,2,'al_equivalent_mm3',6,1.8,0.05,'','');
INSERT INTO "measurements" VALUES(89,4,0,'area_px',1,48.0,4.0,'','');
INSERT INTO "measurements" VALUES(90,4,0,'area_mm2',2,1.92,0.1,'','');
INSERT INTO "measurements" VALUES(91,4,0,'ha_mass_mg',3,9.0,0.2,'a made beam','');
INSERT INTO "measurements" VALUES(92,4,0,'volume_mm3',4,12.0,1.5,'a made model','');
INSERT INTO "measurements" VALUES(93,4,0,'contrast_integral_mm2',5,0.48,0.02,'','');
INSERT INTO "measurements" VALUES(94,4,0,'al_equivalent_mm3',6,5.4,0.1,'','');
INSERT INTO "measurements" VALUES(95,4,1,'area_px',1,16.0,2.0,'','');
INSERT INTO "measurements" VALUES(96,4,1,'area_mm2',2,0.64,0.08,'','');
INSERT INTO "measurements" VALUES(97,4,1,'feret_mm',7,1.0,NULL,'','');
INSERT INTO "measurements" VALUES(98,4,1,'ha_mass_mg',3,1.5,0.1,'','');
INSERT INTO "measurements" VALUES(99,4,1,'volume_mm3',4,2.0,0.4,'a made model','');
INSERT INTO "measurements" VALUES(100,4,1,'contrast_mean',8,0.25,NULL,'','');
INSERT INTO "measurements" VALUES(101,4,1,'contrast_integral_mm2',5,0.16,0.01,'','');
INSERT INTO "measurements" VALUES(102,4,1,'over_bone_fraction',9,0.0,NULL,'','');
INSERT INTO "measurements" VALUES(103,4,1,'relative_brightness',10,0.4,NULL,'','');
INSERT INTO "measurements" VALUES(104,4,1,'al_equivalent_mm3',6,0.9,0.05,'','');
INSERT INTO "measurements" VALUES(105,4,2,'area_px',1,16.0,2.0,'','');
INSERT INTO "measurements" VALUES(106,4,2,'area_mm2',2,0.64,0.08,'','');
INSERT INTO "measurements" VALUES(107,4,2,'feret_mm',7,1.0,NULL,'','');
INSERT INTO "measurements" VALUES(108,4,2,'ha_mass_mg',3,3.0,0.1,'','');
INSERT INTO "measurements" VALUES(109,4,2,'volume_mm3',4,4.0,0.4,'a made model','');
INSERT INTO "measurements" VALUES(110,4,2,'contrast_mean',8,0.25,NULL,'','');
INSERT INTO "measurements" VALUES(111,4,2,'contrast_integral_mm2',5,0.16,0.01,'','');
INSERT INTO "measurements" VALUES(112,4,2,'over_bone_fraction',9,0.0,NULL,'','');
INSERT INTO "measurements" VALUES(113,4,2,'relative_brightness',10,0.4,NULL,'','');
INSERT INTO "measurements" VALUES(114,4,2,'al_equivalent_mm3',6,1.8,0.05,'','');
INSERT INTO "measurements" VALUES(115,4,3,'area_px',1,16.0,2.0,'','');
INSERT INTO "measurements" VALUES(116,4,3,'area_mm2',2,0.64,0.08,'','');
INSERT INTO "measurements" VALUES(117,4,3,'feret_mm',7,1.0,NULL,'','');
INSERT INTO "measurements" VALUES(118,4,3,'ha_mass_mg',3,4.5,0.1,'','');
INSERT INTO "measurements" VALUES(119,4,3,'volume_mm3',4,6.0,0.4,'a made model','');
INSERT INTO "measurements" VALUES(120,4,3,'contrast_mean',8,0.25,NULL,'','');
INSERT INTO "measurements" VALUES(121,4,3,'contrast_integral_mm2',5,0.16,0.01,'','');
INSERT INTO "measurements" VALUES(122,4,3,'over_bone_fraction',9,0.0,NULL,'','');
INSERT INTO "measurements" VALUES(123,4,3,'relative_brightness',10,0.4,NULL,'','');
INSERT INTO "measurements" VALUES(124,4,3,'al_equivalent_mm3',6,2.7,0.05,'','');
CREATE TABLE outcomes (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, run_id INTEGER REFERENCES runs,
        timeline_id INTEGER NOT NULL REFERENCES timelines, assessment INTEGER REFERENCES assessments, reason TEXT NOT NULL, sources TEXT NOT NULL,
        CHECK ((assessment IS NULL) = (reason <> '')));
INSERT INTO "outcomes" VALUES(1,3,1,1,1,'','[]');
CREATE TABLE readings (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, session INTEGER NOT NULL REFERENCES sessions, number INTEGER NOT NULL,
        assessment INTEGER NOT NULL REFERENCES assessments, state TEXT NOT NULL, films TEXT NOT NULL, digest TEXT NOT NULL);
INSERT INTO "readings" VALUES(1,12,1,1,1,'done','[{"image":"2.25.129103","time_point":1,"repeat":0,"totals":{"area_mm2":{"measurand":{"name":"area_mm2","unit":"mm2","definition":"made area_mm2","reference":"made"},"value":1.28,"sd":0.1,"model":""},"ha_mass_mg":{"measurand":{"name":"ha_mass_mg","unit":"mg","definition":"made ha_mass_mg","reference":"made"},"value":4.5,"sd":0.2,"model":"a made beam"}}},{"image":"2.25.129203","time_point":2,"repeat":0,"totals":{"area_mm2":{"measurand":{"name":"area_mm2","unit":"mm2","definition":"made area_mm2","reference":"made"},"value":1.92,"sd":0.1,"model":""},"ha_mass_mg":{"measurand":{"name":"ha_mass_mg","unit":"mg","definition":"made ha_mass_mg","reference":"made"},"value":9.0,"sd":0.2,"model":"a made beam"}}}]','8e6e9b563eac158ab4cd79cff8ede77f7b10e96fccf4cdd4b932301e8990f690');
CREATE TABLE reviews (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, assessment INTEGER NOT NULL REFERENCES assessments,
        reader TEXT NOT NULL, kind TEXT NOT NULL, slot TEXT NOT NULL, deposit_id TEXT NOT NULL, image TEXT NOT NULL, time_point INTEGER,
        value TEXT NOT NULL, comment TEXT NOT NULL, digest TEXT NOT NULL);
INSERT INTO "reviews" VALUES(1,6,1,'anna','accept','verdict','D001','',NULL,'','as in the chart','0ea7fc05664cdea5c4c865a3d33e57b16f699011f56dbbf8e22e6511f13eed77');
CREATE TABLE revisions (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, based_on INTEGER NOT NULL REFERENCES assessments,
        assessment INTEGER NOT NULL REFERENCES assessments, reader TEXT NOT NULL);
INSERT INTO "revisions" VALUES(1,16,1,2,'anna');
CREATE TABLE runs (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, program TEXT NOT NULL, version TEXT NOT NULL, libraries TEXT NOT NULL,
        options TEXT NOT NULL, inputs TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT, made_by TEXT NOT NULL DEFAULT '');
INSERT INTO "runs" VALUES(1,2,'calcitrack','0.1.0','{"python":"3.11.7","numpy":"2.4.6","scipy":"1.17.1","scikit-image":"0.26.0","opencv-python-headless":"5.0.0.93","onnxruntime":"1.32.0","pydicom":"3.0.2","highdicom":"0.28.2","pandas":"3.1.1","matplotlib":"3.11.2","pillow":"13.0.0"}','null','[]','2026-01-02T00:00:00.000+00:00','2026-01-02T00:00:00.000+00:00','{"version":"0.1.0"}');
CREATE TABLE segmentations (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, image_id INTEGER NOT NULL REFERENCES images, version INTEGER NOT NULL,
        digest TEXT NOT NULL, made_by TEXT NOT NULL CHECK (made_by IN ('program', 'reader')), reader TEXT NOT NULL,
        based_on INTEGER REFERENCES segmentations, comment TEXT NOT NULL, UNIQUE (image_id, version));
INSERT INTO "segmentations" VALUES(1,3,1,1,'5eb619452f04993d082a7929886b29933758c17ffa2e90ad288c996f66dcf549','program','',NULL,'');
INSERT INTO "segmentations" VALUES(2,3,2,1,'f5a584c978148cf696164f073c39b09de561932764c2971aa466aff0be9caefa','program','',NULL,'');
INSERT INTO "segmentations" VALUES(3,5,1,2,'80b503a857d636de52653c68546ef186ec8fee8eda60ff532e79bd3741728c90','reader','anna',1,'');
CREATE TABLE sessions (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, reader TEXT NOT NULL, plan TEXT NOT NULL, digest TEXT NOT NULL);
INSERT INTO "sessions" VALUES(1,10,'anna','{"cases":[{"number":1,"assessment_id":"00000081","digest":"e42ecf3f016ec3b00bf59283766d543eebf3ea62a85e0a7d26bfe8e8ac2d5e33","order":[1,0],"repeat_of":null}],"seed":1,"blinded":true,"show_suggestion":true,"show_others":false}','fed435891d968f7a518e7311fcfda4adb15b966e5caec416ff3a001021ac381f');
CREATE TABLE sources (
            id INTEGER PRIMARY KEY, measured INTEGER NOT NULL REFERENCES measured, source TEXT NOT NULL, size_bytes INTEGER NOT NULL,
            sha256 TEXT NOT NULL);
INSERT INTO "sources" VALUES(1,1,'P1/visit1.dcm',8,'0000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "sources" VALUES(2,1,'P1/visit2.dcm',8,'1111111111111111111111111111111111111111111111111111111111111111');
CREATE TABLE timelines (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, patient_id TEXT NOT NULL, body_part TEXT NOT NULL, laterality TEXT NOT NULL,
        view TEXT NOT NULL, modality TEXT NOT NULL);
INSERT INTO "timelines" VALUES(1,'{"patient_id":"P1","body_part":"HAND","laterality":"R","view":"PA","modality":"DX"}','P1','HAND','R','PA','DX');
CREATE INDEX outcomes_of_timeline ON outcomes (timeline_id, id);
CREATE INDEX reviews_of_subject ON reviews (assessment, reader, slot);
CREATE INDEX audit_of_subject ON audit (subject);
CREATE INDEX files_of_run ON files (run_id);
CREATE INDEX segmentations_of_digest ON segmentations (digest);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER reviews_no_update BEFORE UPDATE ON reviews BEGIN SELECT RAISE(ABORT, 'reviews is append-only'); END;
CREATE TRIGGER reviews_no_delete BEFORE DELETE ON reviews BEGIN SELECT RAISE(ABORT, 'reviews is append-only'); END;
CREATE TRIGGER images_no_update BEFORE UPDATE ON images BEGIN SELECT RAISE(ABORT, 'images is append-only'); END;
CREATE TRIGGER images_no_delete BEFORE DELETE ON images BEGIN SELECT RAISE(ABORT, 'images is append-only'); END;
CREATE TRIGGER timelines_no_update BEFORE UPDATE ON timelines BEGIN SELECT RAISE(ABORT, 'timelines is append-only'); END;
CREATE TRIGGER timelines_no_delete BEFORE DELETE ON timelines BEGIN SELECT RAISE(ABORT, 'timelines is append-only'); END;
CREATE TRIGGER segmentations_no_update BEFORE UPDATE ON segmentations BEGIN SELECT RAISE(ABORT, 'segmentations is append-only'); END;
CREATE TRIGGER segmentations_no_delete BEFORE DELETE ON segmentations BEGIN SELECT RAISE(ABORT, 'segmentations is append-only'); END;
CREATE TRIGGER assessments_no_update BEFORE UPDATE ON assessments BEGIN SELECT RAISE(ABORT, 'assessments is append-only'); END;
CREATE TRIGGER assessments_no_delete BEFORE DELETE ON assessments BEGIN SELECT RAISE(ABORT, 'assessments is append-only'); END;
CREATE TRIGGER exposures_no_update BEFORE UPDATE ON exposures BEGIN SELECT RAISE(ABORT, 'exposures is append-only'); END;
CREATE TRIGGER exposures_no_delete BEFORE DELETE ON exposures BEGIN SELECT RAISE(ABORT, 'exposures is append-only'); END;
CREATE TRIGGER measurands_no_update BEFORE UPDATE ON measurands BEGIN SELECT RAISE(ABORT, 'measurands is append-only'); END;
CREATE TRIGGER measurands_no_delete BEFORE DELETE ON measurands BEGIN SELECT RAISE(ABORT, 'measurands is append-only'); END;
CREATE TRIGGER deposits_no_update BEFORE UPDATE ON deposits BEGIN SELECT RAISE(ABORT, 'deposits is append-only'); END;
CREATE TRIGGER deposits_no_delete BEFORE DELETE ON deposits BEGIN SELECT RAISE(ABORT, 'deposits is append-only'); END;
CREATE TRIGGER measurements_no_update BEFORE UPDATE ON measurements BEGIN SELECT RAISE(ABORT, 'measurements is append-only'); END;
CREATE TRIGGER measurements_no_delete BEFORE DELETE ON measurements BEGIN SELECT RAISE(ABORT, 'measurements is append-only'); END;
CREATE TRIGGER links_no_update BEFORE UPDATE ON links BEGIN SELECT RAISE(ABORT, 'links is append-only'); END;
CREATE TRIGGER links_no_delete BEFORE DELETE ON links BEGIN SELECT RAISE(ABORT, 'links is append-only'); END;
CREATE TRIGGER outcomes_no_update BEFORE UPDATE ON outcomes BEGIN SELECT RAISE(ABORT, 'outcomes is append-only'); END;
CREATE TRIGGER outcomes_no_delete BEFORE DELETE ON outcomes BEGIN SELECT RAISE(ABORT, 'outcomes is append-only'); END;
CREATE TRIGGER files_no_update BEFORE UPDATE ON files BEGIN SELECT RAISE(ABORT, 'files is append-only'); END;
CREATE TRIGGER files_no_delete BEFORE DELETE ON files BEGIN SELECT RAISE(ABORT, 'files is append-only'); END;
CREATE TRIGGER runs_no_delete BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'runs is append-only'); END;
CREATE TRIGGER runs_end_once BEFORE UPDATE ON runs WHEN OLD.finished_at IS NOT NULL OR NEW.finished_at IS NULL OR NEW.id <> OLD.id
        OR NEW.audit_id <> OLD.audit_id OR NEW.version <> OLD.version OR NEW.options <> OLD.options OR NEW.inputs <> OLD.inputs
        OR NEW.started_at <> OLD.started_at OR NEW.made_by <> OLD.made_by
        BEGIN SELECT RAISE(ABORT, 'a run ends once, and nothing else of it changes'); END;
CREATE INDEX outcomes_of_assessment ON outcomes (assessment, id);
CREATE INDEX measured_of_timeline ON measured (timeline_id, id);
CREATE INDEX sources_of_measured ON sources (measured);
CREATE TRIGGER measured_no_update BEFORE UPDATE ON measured BEGIN SELECT RAISE(ABORT, 'measured is append-only'); END;
CREATE TRIGGER measured_no_delete BEFORE DELETE ON measured BEGIN SELECT RAISE(ABORT, 'measured is append-only'); END;
CREATE TRIGGER sources_no_update BEFORE UPDATE ON sources BEGIN SELECT RAISE(ABORT, 'sources is append-only'); END;
CREATE TRIGGER sources_no_delete BEFORE DELETE ON sources BEGIN SELECT RAISE(ABORT, 'sources is append-only'); END;
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END;
CREATE INDEX readings_of_session ON readings (session, number, id);
CREATE TRIGGER sessions_no_update BEFORE UPDATE ON sessions BEGIN SELECT RAISE(ABORT, 'sessions is append-only'); END;
CREATE TRIGGER sessions_no_delete BEFORE DELETE ON sessions BEGIN SELECT RAISE(ABORT, 'sessions is append-only'); END;
CREATE TRIGGER readings_no_update BEFORE UPDATE ON readings BEGIN SELECT RAISE(ABORT, 'readings is append-only'); END;
CREATE TRIGGER readings_no_delete BEFORE DELETE ON readings BEGIN SELECT RAISE(ABORT, 'readings is append-only'); END;
CREATE INDEX exposures_of_image ON exposures (image_id);
CREATE TRIGGER corrections_no_update BEFORE UPDATE ON corrections BEGIN SELECT RAISE(ABORT, 'corrections is append-only'); END;
CREATE TRIGGER corrections_no_delete BEFORE DELETE ON corrections BEGIN SELECT RAISE(ABORT, 'corrections is append-only'); END;
CREATE INDEX revisions_of_assessment ON revisions (based_on, id);
CREATE TRIGGER revisions_no_update BEFORE UPDATE ON revisions BEGIN SELECT RAISE(ABORT, 'revisions is append-only'); END;
CREATE TRIGGER revisions_no_delete BEFORE DELETE ON revisions BEGIN SELECT RAISE(ABORT, 'revisions is append-only'); END;
COMMIT;
PRAGMA application_id = 1667329123;
PRAGMA user_version = 6;
