BEGIN TRANSACTION;
CREATE TABLE assessments (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, timeline_id INTEGER NOT NULL REFERENCES timelines,
        assessment_id TEXT NOT NULL, digest TEXT NOT NULL, facts TEXT NOT NULL, UNIQUE (assessment_id, digest));
INSERT INTO "assessments" VALUES(1,2,1,'906f61c39828ecf4','a5895a85b9cc91cf23e5a95f6fea71063eedbf5fd1cec2329c9ae8d4c7f137f9','{"time_points":[{"index":1,"date":"2021-03-01","n_exposures":1,"deposit_count":1,"totals":{"deposit_count":{"measurand":{"name":"deposit_count","unit":"{deposits}","definition":"Number of deposits","reference":"calcitrack"},"value":1.0,"sd":null,"model":""},"area_mm2":{"measurand":{"name":"area_mm2","unit":"mm2","definition":"Number of pixels of the deposit times the pixel''s area, in the plane of the spacing''s basis","reference":"DICOM PS3.16 CID 7470"},"value":13.5,"sd":1.9004744296173355,"model":""},"contrast_integral_mm2":{"measurand":{"name":"contrast_integral_mm2","unit":"mm2","definition":"Sum of L over the deposit times the pixel''s area","reference":"attenuation contrast and areal density as in Molloi et al., breast arterial calcium mass; Koenig et al., hand subtraction radiography"},"value":2.2185355982987542,"sd":0.0735117238781091,"model":""},"area_px":{"measurand":{"name":"area_px","unit":"{pixels}","definition":"Number of pixels of the deposit; the only size where none is stated in mm","reference":"calcitrack"},"value":216.0,"sd":30.407590873877368,"model":""},"ha_mass_mg":{"measurand":{"name":"ha_mass_mg","unit":"mg","definition":"Hydroxyapatite: sum of areal density m(L) times the pixel''s area over magnification squared; m inverts the beam''s curve, and follows from the aluminium equivalent where there is one","reference":"attenuation contrast and areal density as in Molloi et al., breast arterial calcium mass; Koenig et al., hand subtraction radiography"},"value":18.75848283498728,"sd":1.8319638449650646,"model":"LIN values"},"volume_mm3":{"measurand":{"name":"volume_mm3","unit":"mm3","definition":"HA mass over an assumed HA concentration; where two orthogonal views show the deposit, the area-length ellipsoid 8 A1 A2 / (3 pi L)","reference":"calcitrack, see volume_model; Dodge et al., Am Heart J 60:762, 1960"},"value":46.8962070874682,"sd":30.096037029967327,"model":"HA mass over an assumed concentration of 400 mg/cm3 (133 to 1200)"},"al_equivalent_mm3":{"measurand":{"name":"al_equivalent_mm3","unit":"mm3","definition":"Aluminium equivalent: sum over the deposit of the aluminium (mm) that, read off the film''s own step wedge, attenuates as much more than the background, times the pixel''s area over magnification squared (mm Al times mm2)","reference":"radiographic absorptiometry with an aluminium wedge; Koenig et al., hand subtraction radiography"},"reason":"no aluminium step wedge calibrates this film; an aluminium equivalent worked out from the stated beam would be the hydroxyapatite mass in another unit"}},"from_baseline":{},"from_previous":{},"fates":{"baseline":1,"persistent":0,"new":0,"resolved":0,"not_evaluable":0,"merged":0,"split":0,"reappeared":0}}],"provenance":{"program":"calcitrack","version":"0.1.0","steps":[{"name":"assess","parameters":{"calibrate.log_gain_from_noise":true,"calibrate.find_wedge":true,"calibrate.wedge_first_mm":1.0,"calibrate.wedge_step_mm":1.0,"calibrate.wedge_box":null,"segment.method":"transparent","segment.min_area_mm2":0.6,"segment.min_confidence":0.3,"segment.supported_confidence":null,"segment.assumed_pixel_mm":null,"segment.possible_confidence":null,"segment.min_mass_confidence":null,"measure.ha_concentration_mg_cm3":400.0,"measure.ha_concentration_sd_mg_cm3":null,"measure.object_height_mm":20.0,"measure.object_height_sd_mm":10.0,"align.min_overlap":0.6,"align.max_scale":1.25,"align.min_likeness":0.7,"align.max_opening_mm":3.0,"align.max_residual_mm":0.25,"align.min_found":0.5,"align.max_size_spread":0.05,"match.position_mm":0.35,"match.shape_share":0.2,"match.gate":7.0,"match.size_cost":1.0,"match.alone_cost":12.0,"match.missed_cost":3.0,"match.missed_again_cost":0.7,"match.cover":0.5,"match.conserved":2.0},"outcome":{"images":1,"failures":0}}]},"findings":[],"failures":[]}');
CREATE TABLE audit (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL,
        before TEXT NOT NULL, after TEXT NOT NULL, detail TEXT NOT NULL, previous TEXT NOT NULL, digest TEXT NOT NULL UNIQUE);
INSERT INTO "audit" VALUES(1,'2026-01-02T03:04:05.000+00:00','tester','workspace created','workspace','','','{"from":0,"to":5,"program":"0.1.0"}','','950d4141ecab7ae8a699ad579acc7281e4788e64c1dd1938ea9f7b902ece3330');
INSERT INTO "audit" VALUES(2,'2026-01-02T03:04:05.000+00:00','tester','assessment recorded','timeline DRAWN / FOREARM / L / AP','','a5895a85b9cc91cf23e5a95f6fea71063eedbf5fd1cec2329c9ae8d4c7f137f9','{"assessment_id":"906f61c39828ecf4","run":null}','950d4141ecab7ae8a699ad579acc7281e4788e64c1dd1938ea9f7b902ece3330','87542313ebd91e6d70139f5a6dd50b43eb8d6bc31c083d4946011a48db8c3b18');
CREATE TABLE corrections (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, image_id INTEGER NOT NULL REFERENCES images, position INTEGER NOT NULL,
        reader TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('set', 'undo', 'redo')), step TEXT NOT NULL, correction TEXT NOT NULL,
        previous TEXT NOT NULL, digest TEXT NOT NULL, UNIQUE (image_id, position));
CREATE TABLE deposits (
        id INTEGER PRIMARY KEY, exposure_id INTEGER NOT NULL REFERENCES exposures, label INTEGER NOT NULL, deposit_id TEXT NOT NULL,
        tracking_uid TEXT NOT NULL, fate TEXT NOT NULL, confidence REAL NOT NULL, centroid_row REAL NOT NULL, centroid_col REAL NOT NULL,
        UNIQUE (exposure_id, label));
INSERT INTO "deposits" VALUES(1,1,1,'D001','2.25.176898930929735511594225558839066453370','baseline',4.53769423948729044848e-01,159.5,87.5);
CREATE TABLE exposures (
        id INTEGER PRIMARY KEY, assessment INTEGER NOT NULL REFERENCES assessments, position INTEGER NOT NULL,
        image_id INTEGER NOT NULL REFERENCES images, segmentation_id INTEGER NOT NULL REFERENCES segmentations, time_point INTEGER NOT NULL,
        repeat INTEGER NOT NULL, facts TEXT NOT NULL, UNIQUE (assessment, position));
INSERT INTO "exposures" VALUES(1,1,0,1,1,1,0,'{"acquisition":{"patient_id":"DRAWN","study_instance_uid":"","series_instance_uid":"","sop_instance_uid":"2.25.771","sop_class_uid":"","modality":"DX","body_part_examined":"","laterality":"","view_position":"","study_date":"2021-03-01","acquisition_time":null,"patient_birth_date":null,"image_type":[],"presentation_intent_type":"FOR PROCESSING","photometric_interpretation":"MONOCHROME1","pixel_intensity_relationship":"LIN","pixel_intensity_relationship_sign":1,"bits_stored":null,"rows":0,"columns":0,"manufacturer":"","manufacturer_model_name":"","kvp":55.0,"exposure_uas":null,"filter_material":"ALUMINUM","filter_thickness_mm":3.0,"grid":"","distance_source_to_detector_mm":null,"distance_source_to_patient_mm":null,"estimated_magnification":null},"source":"drawn 2.25.771","exposure_findings":[],"spacing":{"row_mm":0.25,"column_mm":0.25,"basis":"magnification_corrected","source":"drawn","magnification":1.0},"calibration":{"tier":"A","relationship":"LIN","polarity":-1,"reason":"FOR PROCESSING with Pixel Intensity Relationship LIN stated: log ratios are attenuation","curve":null,"curve_relative_sd":0.0,"curve_source":"","unsharp":null,"wedge_corners":[]},"alignment":null,"findings":[],"steps":[{"name":"calibrate","parameters":{},"outcome":{"tier":"A","reason":"FOR PROCESSING with Pixel Intensity Relationship LIN stated: log ratios are attenuation"}},{"name":"segment","parameters":{"method":"transparent","sure_from":0.3,"mass_from":0.3,"supported_from":0.3,"possible_from":0.3,"possible_mass_from":0.2},"outcome":{"deposits":1}},{"name":"align","parameters":{},"outcome":{}}],"limb_axis":{"direction":[1.0,0.0],"free_end_mm":null,"start_mm":0.5,"step_mm":0.5,"profile":[30.54912507534027,30.551155924797058,30.54050362110138,30.54143190383911,30.541931748390198,30.550784587860107,30.54395031929016,30.5564022064209,30.5372211933136,30.541056275367737,30.543659329414368,30.548216700553894,30.542638540267944,30.540729641914368,30.552936792373657,30.54475700855255,30.553910851478577,30.548619270324707,30.544824838638306,30.5368789434433,30.553699135780334,30.546692848205566,30.547324657440186,30.544058203697205,30.55035138130188,30.54015862941742,30.547664880752563,30.544336915016174,30.5414080619812,30.54863166809082,30.547123908996582,30.544649600982666,30.539072394371033,30.548349857330322,30.543505549430847,30.54423701763153,30.546793580055237,30.540493607521057,30.551190733909607,30.545304536819458,30.537477850914,30.549728274345398,30.547112345695496,30.54070520401001,30.548307299613953,30.547205924987793,30.551290273666382,30.54083001613617,30.55024826526642,30.545363306999207,30.54915225505829,30.540735363960266,30.55067789554596,30.550729751586914,30.551440000534058,30.548036217689514,30.54443109035492,30.546091198921204,30.54681372642517,30.54495668411255,30.548158764839172,30.53622019290924,30.549020767211914,30.544015884399414,30.546175122261047,30.548094868659973,30.53455078601837,30.543235182762146,30.546175599098206,30.542417764663696,30.5522882938385,30.54847240447998,30.54105257987976,30.546478867530823,30.546701073646545,30.54749286174774,30.87738561630249,31.09489679336548,31.18643546104431,31.2259179353714,31.225508332252502,31.180195450782776,31.09463131427765,30.88904559612274,30.537782549858093,30.5280784368515,30.551326870918274,30.549601793289185,30.547641038894653,30.54869782924652,30.551965832710266,30.547916293144226,30.543403029441833,30.53693163394928,30.541664958000183,30.540092945098877,30.548370718955994,30.541988611221313,30.544930577278137,30.546277403831482,30.542017340660095,30.54522144794464,30.537729501724243,30.547728300094604,30.54560089111328,30.552908658981323,30.536455750465393,30.545721530914307,30.536816596984863,30.541547298431396,30.54301381111145,30.54186773300171,30.538060665130615,30.543498635292053,30.54476523399353,30.543081402778625,30.547537803649902,30.541921615600586,30.543782472610474,30.539993047714233,30.536521077156067,30.548166275024414,30.540642023086548,30.54862380027771,30.548501014709473,30.555360317230225,30.53438627719879,30.54627513885498,30.544261574745178,30.544389486312866,30.548952221870422,30.550980806350708,30.541230082511902,30.551831007003784,30.536433458328247,30.54166305065155,30.542882800102234,30.541658997535706,30.560158014297485,30.548614740371704,30.53797948360443,30.539563536643982,30.550705552101135,30.538673400878906,30.54076325893402,30.548988342285156,30.543832778930664,30.55392873287201,30.549998998641968,30.528157949447632,30.54405915737152,30.541610836982727,30.545281052589417,30.53530478477478,30.539294242858887,30.557058453559875,30.534653067588806,30.53949809074402,30.546498894691467,30.543137788772583,30.54312801361084,30.542128920555115,30.54645264148712,30.53926110267639,30.539035320281982,30.546767234802246,30.535983085632324,30.55295693874359,30.53866970539093,30.551482915878296,30.541709303855896,30.543742537498474,30.548651099205017,30.542290210723877,30.53718328475952,30.54739260673523,30.548884987831116,30.54494082927704,30.54110884666443,30.53886306285858,30.549753665924072,30.55038094520569,30.539360880851746,30.526960968971252,30.5460067987442,30.55048096179962,30.53941833972931,30.53459131717682,30.53986895084381,30.548387050628662,30.53739559650421,30.53939914703369,30.54712152481079,30.5522198677063,30.541555404663086,30.551977157592773,30.539418697357178,30.541362166404724,30.544989109039307,30.54731583595276,30.538946628570557,30.53894281387329,30.53664255142212,30.5428249835968,30.54115378856659,30.544421195983887,30.549753069877625,30.54144847393036,30.539486527442932,30.543325185775757,30.550113916397095,30.540433168411255,30.54008913040161,30.548263430595398,30.549630641937256,30.540889024734497,30.55188798904419,30.55171000957489,30.550844073295593,30.54801070690155]}}');
CREATE TABLE files (
        id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs, source TEXT NOT NULL, status TEXT NOT NULL, facts TEXT NOT NULL);
CREATE TABLE images (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, sop_instance_uid TEXT NOT NULL, source TEXT NOT NULL);
INSERT INTO "images" VALUES(1,'2.25.771','2.25.771','drawn 2.25.771');
CREATE TABLE journal (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, assessment INTEGER NOT NULL REFERENCES assessments,
        reader TEXT NOT NULL, position INTEGER NOT NULL, step TEXT NOT NULL, change TEXT NOT NULL, previous TEXT NOT NULL, digest TEXT NOT NULL, reading TEXT NOT NULL DEFAULT '',
        UNIQUE (assessment, reader, position));
CREATE TABLE links (
        id INTEGER PRIMARY KEY, assessment INTEGER NOT NULL REFERENCES assessments, deposit_id TEXT NOT NULL, tracking_uid TEXT NOT NULL,
        time_point INTEGER NOT NULL, fate TEXT NOT NULL, partners TEXT NOT NULL, UNIQUE (assessment, deposit_id, time_point));
INSERT INTO "links" VALUES(1,1,'D001','2.25.176898930929735511594225558839066453370',1,'baseline','');
CREATE TABLE measurands (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT NOT NULL, definition TEXT NOT NULL, reference TEXT NOT NULL,
        UNIQUE (name, unit, definition, reference));
INSERT INTO "measurands" VALUES(1,'deposit_count','{deposits}','Number of deposits','calcitrack');
INSERT INTO "measurands" VALUES(2,'area_mm2','mm2','Number of pixels of the deposit times the pixel''s area, in the plane of the spacing''s basis','DICOM PS3.16 CID 7470');
INSERT INTO "measurands" VALUES(3,'contrast_integral_mm2','mm2','Sum of L over the deposit times the pixel''s area','attenuation contrast and areal density as in Molloi et al., breast arterial calcium mass; Koenig et al., hand subtraction radiography');
INSERT INTO "measurands" VALUES(4,'area_px','{pixels}','Number of pixels of the deposit; the only size where none is stated in mm','calcitrack');
INSERT INTO "measurands" VALUES(5,'ha_mass_mg','mg','Hydroxyapatite: sum of areal density m(L) times the pixel''s area over magnification squared; m inverts the beam''s curve, and follows from the aluminium equivalent where there is one','attenuation contrast and areal density as in Molloi et al., breast arterial calcium mass; Koenig et al., hand subtraction radiography');
INSERT INTO "measurands" VALUES(6,'volume_mm3','mm3','HA mass over an assumed HA concentration; where two orthogonal views show the deposit, the area-length ellipsoid 8 A1 A2 / (3 pi L)','calcitrack, see volume_model; Dodge et al., Am Heart J 60:762, 1960');
INSERT INTO "measurands" VALUES(7,'al_equivalent_mm3','mm3','Aluminium equivalent: sum over the deposit of the aluminium (mm) that, read off the film''s own step wedge, attenuates as much more than the background, times the pixel''s area over magnification squared (mm Al times mm2)','radiographic absorptiometry with an aluminium wedge; Koenig et al., hand subtraction radiography');
INSERT INTO "measurands" VALUES(8,'feret_mm','mm','Longest distance between two points of the outline (maximum Feret diameter)','ISO 9276-6:2008');
INSERT INTO "measurands" VALUES(9,'contrast_mean','1','Mean over the deposit of L = -ln(I / I_background), I_background from the soft tissue or bone around it','attenuation contrast and areal density as in Molloi et al., breast arterial calcium mass; Koenig et al., hand subtraction radiography');
INSERT INTO "measurands" VALUES(10,'over_bone_fraction','1','Share of the deposit''s pixels that lie on bone','calcitrack');
INSERT INTO "measurands" VALUES(11,'relative_brightness','1','Mean contrast of the deposit against its background, over that of the same film''s cortical bone (90th percentile of the bones'' values) against soft tissue (median)','calcitrack');
CREATE TABLE measured (
            id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, run_id INTEGER NOT NULL REFERENCES runs,
            timeline_id INTEGER NOT NULL REFERENCES timelines, assessment INTEGER NOT NULL REFERENCES assessments, request TEXT NOT NULL,
            unread INTEGER NOT NULL);
CREATE TABLE measurements (
        id INTEGER PRIMARY KEY, exposure_id INTEGER NOT NULL REFERENCES exposures, label INTEGER NOT NULL, name TEXT NOT NULL,
        measurand_id INTEGER NOT NULL REFERENCES measurands, value REAL, sd REAL, model TEXT NOT NULL, reason TEXT NOT NULL,
        UNIQUE (exposure_id, label, name), CHECK ((value IS NULL) = (reason <> '')));
INSERT INTO "measurements" VALUES(1,1,0,'deposit_count',1,1.0,NULL,'','');
INSERT INTO "measurements" VALUES(2,1,0,'area_mm2',2,13.5,1.90047442961733548116e+00,'','');
INSERT INTO "measurements" VALUES(3,1,0,'contrast_integral_mm2',3,2.21853559829875424114e+00,0.0735117238781091,'','');
INSERT INTO "measurements" VALUES(4,1,0,'area_px',4,216.0,3.04075908738773676982e+01,'','');
INSERT INTO "measurements" VALUES(5,1,0,'ha_mass_mg',5,1.87584828349872800856e+01,1.83196384496506459171e+00,'LIN values','');
INSERT INTO "measurements" VALUES(6,1,0,'volume_mm3',6,46.8962070874682,3.00960370299673272151e+01,'HA mass over an assumed concentration of 400 mg/cm3 (133 to 1200)','');
INSERT INTO "measurements" VALUES(7,1,0,'al_equivalent_mm3',7,NULL,NULL,'','no aluminium step wedge calibrates this film; an aluminium equivalent worked out from the stated beam would be the hydroxyapatite mass in another unit');
INSERT INTO "measurements" VALUES(8,1,1,'area_mm2',2,13.5,1.90047442961733548116e+00,'','');
INSERT INTO "measurements" VALUES(9,1,1,'feret_mm',8,4.47213595499958,NULL,'','');
INSERT INTO "measurements" VALUES(10,1,1,'ha_mass_mg',5,1.87584828349872800856e+01,1.83196384496506459171e+00,'LIN values','');
INSERT INTO "measurements" VALUES(11,1,1,'volume_mm3',6,46.8962070874682,3.00960370299673272151e+01,'HA mass over an assumed concentration of 400 mg/cm3 (133 to 1200)','');
INSERT INTO "measurements" VALUES(12,1,1,'contrast_mean',9,1.64308429397653693593e-01,3.72211260142324548358e-03,'','');
INSERT INTO "measurements" VALUES(13,1,1,'contrast_integral_mm2',3,2.21853559829875424114e+00,0.0735117238781091,'','');
INSERT INTO "measurements" VALUES(14,1,1,'over_bone_fraction',10,0.0,NULL,'','');
INSERT INTO "measurements" VALUES(15,1,1,'area_px',4,216.0,3.04075908738773676982e+01,'','');
INSERT INTO "measurements" VALUES(16,1,1,'relative_brightness',11,3.27605214732023197754e-01,7.42130822208105465909e-03,'','');
INSERT INTO "measurements" VALUES(17,1,1,'al_equivalent_mm3',7,NULL,NULL,'','no aluminium step wedge calibrates this film; an aluminium equivalent worked out from the stated beam would be the hydroxyapatite mass in another unit');
CREATE TABLE outcomes (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, run_id INTEGER REFERENCES runs,
        timeline_id INTEGER NOT NULL REFERENCES timelines, assessment INTEGER REFERENCES assessments, reason TEXT NOT NULL, sources TEXT NOT NULL,
        CHECK ((assessment IS NULL) = (reason <> '')));
INSERT INTO "outcomes" VALUES(1,2,NULL,1,1,'','[]');
CREATE TABLE readings (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, session INTEGER NOT NULL REFERENCES sessions, number INTEGER NOT NULL,
        assessment INTEGER NOT NULL REFERENCES assessments, state TEXT NOT NULL, films TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE reviews (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, assessment INTEGER NOT NULL REFERENCES assessments,
        reader TEXT NOT NULL, kind TEXT NOT NULL, slot TEXT NOT NULL, deposit_id TEXT NOT NULL, image TEXT NOT NULL, time_point INTEGER,
        value TEXT NOT NULL, comment TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE runs (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, program TEXT NOT NULL, version TEXT NOT NULL, libraries TEXT NOT NULL,
        options TEXT NOT NULL, inputs TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT, made_by TEXT NOT NULL DEFAULT '');
CREATE TABLE segmentations (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, image_id INTEGER NOT NULL REFERENCES images, version INTEGER NOT NULL,
        digest TEXT NOT NULL, made_by TEXT NOT NULL CHECK (made_by IN ('program', 'reader')), reader TEXT NOT NULL,
        based_on INTEGER REFERENCES segmentations, comment TEXT NOT NULL, UNIQUE (image_id, version));
INSERT INTO "segmentations" VALUES(1,2,1,1,'8de8433fe930594d6fbddb6a548f9ab964370cbd15952d95c5f4ad6494a5bcf5','program','',NULL,'');
CREATE TABLE sessions (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, reader TEXT NOT NULL, plan TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE sources (
            id INTEGER PRIMARY KEY, measured INTEGER NOT NULL REFERENCES measured, source TEXT NOT NULL, size_bytes INTEGER NOT NULL,
            sha256 TEXT NOT NULL);
CREATE TABLE timelines (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, patient_id TEXT NOT NULL, body_part TEXT NOT NULL, laterality TEXT NOT NULL,
        view TEXT NOT NULL, modality TEXT NOT NULL);
INSERT INTO "timelines" VALUES(1,'{"patient_id":"DRAWN","body_part":"FOREARM","laterality":"L","view":"AP","modality":"DX"}','DRAWN','FOREARM','L','AP','DX');
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
COMMIT;
PRAGMA user_version = 5;
PRAGMA application_id = 1667329123;
