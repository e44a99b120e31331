"""German: what the source shows in English -> what a German artist reads. Du, not Sie, as Blender itself does."""

# ruff: noqa: E501 - one text, one line
# fmt: off
GERMAN = {
    # Panels
    "1 Footage":
        "1 Aufnahme",
    "2 Head":
        "2 Kopf",
    "3 Capture":
        "3 Erfassen",
    "4 Shape the Performance":
        "4 Darstellung formen",
    "5 Keys":
        "5 Keys",
    "Mapping":
        "Zuordnung",
    "Takes":
        "Takes",
    "By Emotion":
        "Je Emotion",
    "Added Emotions":
        "Hinzugefügte Emotionen",
    "Face at Rest":
        "Ruhendes Gesicht",
    "Regions":
        "Regionen",
    "Smoothing":
        "Glättung",
    "Channels":
        "Kanäle",
    "Doubtful Frames":
        "Zweifelhafte Bilder",
    "Existing Keys and Range":
        "Vorhandene Keys und Bereich",
    "Import and Export":
        "Import und Export",
    "Not Keyed":
        "Ohne Keys",
    "FIELDS Presets":
        "FIELDS-Vorgaben",
    "Show Curves":
        "Kurven zeigen",
    "More":
        "Mehr",
    # 1 Footage, 2 Head
    "No strip is active. Add a video in the Sequencer and click it":
        "Kein Strip ist aktiv. Füge im Sequencer ein Video hinzu und klicke es an",
    "No head is chosen. Add > Mesh > FIELDS Head makes one":
        "Kein Kopf ist gewählt. Hinzufügen > Mesh > FIELDS-Kopf erzeugt einen",
    "Range":
        "Bereich",
    "Which part of the strips to capture":
        "Welcher Teil der Strips erfasst wird",
    "Whole Strip":
        "Ganzer Strip",
    "All of the strip that plays":
        "Alles, was vom Strip zu sehen ist",
    "Scene Range":
        "Szenenbereich",
    "Only what lies between the scene's start and end frame":
        "Nur was zwischen erstem und letztem Bild der Szene liegt",
    "Preview Range":
        "Vorschaubereich",
    "Only what lies within the timeline's preview range":
        "Nur was im Vorschaubereich der Zeitleiste liegt",
    "Face":
        "Gesicht",
    "Which face to follow where the picture shows several":
        "Welchem Gesicht gefolgt wird, wenn mehrere im Bild sind",
    "Largest":
        "Größtes",
    "The face that fills most of the picture":
        "Das Gesicht, das am meisten vom Bild einnimmt",
    "First Found":
        "Zuerst gefundenes",
    "The face that is found first, for as long as it is in the picture":
        "Das zuerst gefundene Gesicht, solange es im Bild ist",
    "Head":
        "Kopf",
    "The head to animate: its face mesh, its armature, or the empty that holds its meshes. Without one, the active object":
        "Der Kopf, der animiert wird: sein Gesichts-Mesh, seine Armatur oder das Empty, das seine Meshes hält. Ohne Wahl das aktive Objekt",
    "Head Rotation":
        "Kopfdrehung",
    "Key the turning of the head too":
        "Auch die Drehung des Kopfes bekommt Keys",
    "Key the turning of the head too, on the head bone or, without an armature, on the object":
        "Auch die Drehung des Kopfes bekommt Keys: auf dem Kopfknochen oder, ohne Armatur, auf dem Objekt",
    "Jaw":
        "Kiefer",
    "What opens the mouth":
        "Was den Mund öffnet",
    "What opens the mouth. Never both, so that nothing moves twice":
        "Was den Mund öffnet. Nie beides, damit sich nichts doppelt bewegt",
    "Eyes":
        "Augen",
    "What turns the eyes":
        "Was die Augen dreht",
    "What turns the eyes. Never both, so that nothing moves twice":
        "Was die Augen dreht. Nie beides, damit sich nichts doppelt bewegt",
    "Automatic":
        "Automatisch",
    "Bone":
        "Knochen",
    "Shape Key":
        "Shape Key",
    # 3 Capture
    "Capture":
        "Erfassen",
    "Capture Face":
        "Gesicht erfassen",
    "Capture the face in the active strip (or the selected ones) as a new take and key it onto the head":
        "Das Gesicht im aktiven Strip (oder in den ausgewählten) als neuen Take erfassen und als Keys auf den Kopf schreiben",
    "Capture Part Again":
        "Teil neu erfassen",
    "Capture the preview range (or else the scene's range) again, into the chosen take: all else in it stays":
        "Den Vorschaubereich (sonst den Szenenbereich) neu in den gewählten Take erfassen: alles andere darin bleibt",
    "A capture is running":
        "Es wird gerade erfasst",
    "No capture is running":
        "Es wird nichts erfasst",
    "This head has no take yet. Capture first":
        "Dieser Kopf hat noch keinen Take. Erfasse zuerst",
    "Select a movie or image strip in the Sequencer; add one with Add > Movie there":
        "Wähle im Sequencer einen Film- oder Bildstrip; mit Hinzufügen > Film kommt dort einer dazu",
    "Choose a head first: under Head, or by selecting it in the 3D View":
        "Wähle zuerst einen Kopf: unter Kopf oder in der 3D-Ansicht",
    "Cancel":
        "Abbrechen",
    "Stop the capture that is running. What was captured so far is kept as a track":
        "Das laufende Erfassen anhalten. Was bis dahin erfasst ist, bleibt als Take",
    "Starting":
        "Beginnt",
    "Cancelling":
        "Wird abgebrochen",
    "{done} of {total} frames, {found} with a face":
        "{done} von {total} Bildern, {found} mit Gesicht",
    "{time} left":
        "noch {time}",
    "Rendering the strip: {done} of {total} frames":
        "Der Strip wird gerendert: {done} von {total} Bildern",
    "Cancelled before the first frame. Nothing was changed":
        "Vor dem ersten Bild abgebrochen. Nichts wurde verändert",
    "Cancelled before anything was captured. Nothing was changed":
        "Abgebrochen, bevor etwas erfasst war. Nichts wurde verändert",
    "Cancelled after {frames} frames. They are kept: Bake Keys writes them":
        "Nach {frames} Bildern abgebrochen. Sie sind aufgehoben: „Keys schreiben“ schreibt sie",
    "The head is gone. What was captured is kept in {path}":
        "Der Kopf ist nicht mehr da. Was erfasst wurde, liegt in {path}",
    "The capture was stopped. What it had is in {path}: Takes > Import Take brings it in":
        "Das Erfassen wurde beendet. Was es hatte, liegt in {path}: Takes > Take importieren holt es herein",
    # Takes
    "Take":
        "Take",
    "Keep Takes":
        "Takes aufheben",
    "Where new takes are stored":
        "Wo neue Takes liegen",
    "In This File":
        "In dieser Datei",
    "Takes travel with the .blend: about 0.5 MB for a minute":
        "Takes reisen mit der .blend-Datei: etwa 0,5 MB je Minute",
    "In Files Beside It":
        "In Dateien daneben",
    "Each take is a .npz file in the folder fields_tracks beside the .blend":
        "Jeder Take ist eine .npz-Datei im Ordner fields_tracks neben der .blend-Datei",
    "The captured performances of this head":
        "Die erfassten Darstellungen dieses Kopfes",
    "The take that Bake Keys writes and the sliders shape":
        "Der Take, den „Keys schreiben“ schreibt und die Regler formen",
    "Duplicate Take":
        "Take verdoppeln",
    "Make a second take of the chosen one, to blend or to capture a part of it again":
        "Einen zweiten Take aus dem gewählten machen, zum Mischen oder um einen Teil neu zu erfassen",
    "Delete Take":
        "Take löschen",
    "Delete the chosen take. Keys that were baked from it stay, and so does a file it lies in":
        "Den gewählten Take löschen. Keys, die daraus geschrieben wurden, bleiben, ebenso eine Datei, in der er liegt",
    "Blend Takes":
        "Takes mischen",
    "Make a new take of the chosen one with some of another in it: all of it, or a part of the face":
        "Aus dem gewählten Take einen neuen machen, mit etwas von einem anderen darin: alles oder ein Teil des Gesichts",
    "Export Take":
        "Take exportieren",
    "Write the chosen take to a .npz file, which Import Take and the command line read":
        "Den gewählten Take in eine .npz-Datei schreiben, die „Take importieren“ und die Befehlszeile lesen",
    "Import Take":
        "Take importieren",
    "Add takes from .npz files that FIELDS wrote, here or on the command line":
        "Takes aus .npz-Dateien hinzufügen, die FIELDS hier oder auf der Befehlszeile geschrieben hat",
    "Pack or Unpack Take":
        "Take ein- oder auspacken",
    "Store the chosen take in this .blend instead of its file, or in a file beside it instead of the .blend":
        "Den gewählten Take in dieser .blend-Datei statt in seiner Datei ablegen, oder umgekehrt",
    "Whole Face":
        "Ganzes Gesicht",
    "All of it, the head's movement too":
        "Alles, auch die Bewegung des Kopfes",
    "Upper Face":
        "Obere Hälfte",
    "Brows, lids and the cheeks' squint":
        "Brauen, Lider und das Heben der Wangen",
    "Mouth and Jaw":
        "Mund und Kiefer",
    "All below the eyes: what speaks":
        "Alles unterhalb der Augen: was spricht",
    "Gaze":
        "Blick",
    "Where the eyes look":
        "Wohin die Augen sehen",
    "How the head turns and moves":
        "Wie sich der Kopf dreht und bewegt",
    "With":
        "Mit",
    "The other take":
        "Der andere Take",
    "Part":
        "Teil",
    "What is taken from the other":
        "Was vom anderen genommen wird",
    "How much of the other: 0 nothing, 1 all":
        "Wie viel vom anderen: 0 nichts, 1 alles",
    "Align Starts":
        "Anfänge angleichen",
    "Let the other begin when the chosen take begins, wherever it was captured":
        "Den anderen mit dem gewählten Take beginnen lassen, wo immer er erfasst wurde",
    "Keep in File":
        "In der Datei lassen",
    "Leave the performance in its file instead of copying it into the .blend":
        "Die Darstellung in ihrer Datei lassen, statt sie in die .blend-Datei zu kopieren",
    "This needs a head with two takes: capture again, or import one":
        "Dazu braucht der Kopf zwei Takes: erfasse noch einmal oder importiere einen",
    # 4 Shape
    "Emotion Intensity":
        "Stärke der Emotion",
    "How strongly this head shows the performance's emotion: 0 not at all, 1 as captured, 2 twice as strongly. The words stay. Writes the keys anew while it is dragged; when it is animated, Bake Keys does":
        "Wie stark dieser Kopf die Emotion der Darstellung zeigt: 0 gar nicht, 1 wie erfasst, 2 doppelt so stark. Die Worte bleiben. Schreibt die Keys beim Ziehen neu; ist der Wert animiert, tut es „Keys schreiben“",
    "How strongly each emotion is shown where the performance shows it, times Emotion Intensity":
        "Wie stark jede Emotion gezeigt wird, wo die Darstellung sie zeigt, mal die Stärke der Emotion",
    "Happiness":
        "Freude",
    "Sadness":
        "Trauer",
    "Surprise":
        "Überraschung",
    "Fear":
        "Angst",
    "Anger":
        "Wut",
    "Disgust":
        "Ekel",
    "Contempt":
        "Verachtung",
    "Show in Graph Editor":
        "Im Grapheneditor zeigen",
    "Show Emotion in Graph Editor":
        "Emotion im Grapheneditor zeigen",
    "Write how strongly each emotion shows as curves of the head, to look at in the Graph Editor":
        "Als Kurven des Kopfes schreiben, wie stark jede Emotion zu sehen ist, zum Betrachten im Grapheneditor",
    "Mark Changes":
        "Wechsel markieren",
    "Mark Emotion Changes":
        "Wechsel der Emotion markieren",
    "1 change marked":
        "1 Wechsel markiert",
    "{count} changes marked":
        "{count} Wechsel markiert",
    "{count} curves under “{group}” in the Graph Editor":
        "{count} Kurven unter „{group}“ im Grapheneditor",
    "Put a marker on the timeline wherever the emotion of this head changes; those of before are replaced":
        "Auf der Zeitleiste jeden Wechsel der Emotion dieses Kopfes markieren; frühere Marken werden ersetzt",
    "Add Emotion":
        "Emotion hinzufügen",
    "Add an emotion that was not performed: over the preview range, or from the playhead on. The words stay":
        "Eine Emotion hinzufügen, die nicht gespielt wurde: über den Vorschaubereich oder ab dem aktuellen Bild. Die Worte bleiben",
    "Remove Added Emotion":
        "Hinzugefügte Emotion entfernen",
    "Take the chosen added emotion away":
        "Die gewählte hinzugefügte Emotion wegnehmen",
    "Emotion":
        "Emotion",
    "What to add":
        "Was hinzukommt",
    "What is added":
        "Was hinzukommt",
    "Choose a head with a take first: Capture makes one":
        "Wähle zuerst einen Kopf mit einem Take: „Erfassen“ macht einen",
    "No emotion was added to this head":
        "Diesem Kopf wurde keine Emotion hinzugefügt",
    "Emotions that were not performed":
        "Emotionen, die nicht gespielt wurden",
    "Added Emotion":
        "Hinzugefügte Emotion",
    "The one that is shown below the list":
        "Die unter der Liste gezeigte",
    "Strength":
        "Stärke",
    "How strongly; what was performed gives way as far":
        "Wie stark; das Gespielte weicht ebenso weit",
    "Start":
        "Anfang",
    "The frame it begins on":
        "Das Bild, mit dem sie beginnt",
    "End":
        "Ende",
    "The frame it is gone on":
        "Das Bild, ab dem sie weg ist",
    "Attack":
        "Anstieg",
    "How long it takes to come":
        "Wie lange sie zum Kommen braucht",
    "Release":
        "Abfall",
    "How long it takes to go":
        "Wie lange sie zum Gehen braucht",
    "Use Current Frame as Rest":
        "Aktuelles Bild als Ruhe nehmen",
    "Take the frame under the playhead for this person's face at rest":
        "Das aktuelle Bild als das ruhende Gesicht dieser Person nehmen",
    "Reset Shaping":
        "Formen zurücksetzen",
    "Set face at rest, regions, channels, smoothing and gaps back to how they were to begin with":
        "Ruhendes Gesicht, Regionen, Kanäle, Glättung und Lücken auf den Anfang zurücksetzen",
    "Taken From":
        "Genommen aus",
    "What counts as this person's face at rest, where all shape keys are 0. A blink never does":
        "Was als ruhendes Gesicht dieser Person gilt, bei dem alle Shape Keys 0 sind. Ein Blinzeln gilt nie",
    "As Captured":
        "Wie erfasst",
    "The face at rest that the capture found in the quietest frames":
        "Das ruhende Gesicht, das beim Erfassen in den ruhigsten Bildern gefunden wurde",
    "Take out what is left of an expression in the quietest frames that look to the camera. An expression that lasts all through the clip stays":
        "Herausnehmen, was in den ruhigsten Bildern mit Blick zur Kamera an Ausdruck übrig ist. Ein Ausdruck, der den ganzen Clip dauert, bleibt",
    "Chosen Frames":
        "Gewählte Bilder",
    "The face is at rest in the frames given below, with the eyes straight ahead":
        "In den unten genannten Bildern ruht das Gesicht, die Augen sehen geradeaus",
    "From":
        "Von",
    "First frame in which the face is at rest":
        "Erstes Bild, in dem das Gesicht ruht",
    "To":
        "Bis",
    "Last frame in which the face is at rest":
        "Letztes Bild, in dem das Gesicht ruht",
    "Head Straight Too":
        "Kopf auch gerade",
    "The head is held straight in those frames too: it is turned as seen from there":
        "Auch der Kopf wird in diesen Bildern gerade gehalten: von da aus wird seine Drehung gezählt",
    "Full Range":
        "Voller Umfang",
    "How far the strongest this person does in each channel is brought to a full shape key. For faces that move little":
        "Wie weit das Stärkste, was diese Person in jedem Kanal tut, zum vollen Shape Key gemacht wird. Für Gesichter, die sich wenig bewegen",
    "Smooth":
        "Glätten",
    "Take the jitter out before keys are written":
        "Zittern entfernen, bevor Keys geschrieben werden",
    "Take the jitter out before keys are written; blinks keep their peak and nothing is delayed":
        "Zittern entfernen, bevor Keys geschrieben werden; ein Blinzeln behält seine Spitze, und nichts wird verzögert",
    "Method":
        "Verfahren",
    "How jitter is taken out":
        "Wie das Zittern entfernt wird",
    "Calm where the face rests, quick where it moves, without delay":
        "Ruhig, wo das Gesicht ruht, schnell, wo es sich bewegt, ohne Verzögerung",
    "Keeps more of quick motion, and of jitter":
        "Behält mehr von schneller Bewegung, und vom Zittern",
    "Remove Glitches":
        "Ausreißer entfernen",
    "First mend what is off in a single frame. Blinks and lips that close are no glitches":
        "Zuerst richten, was in einem einzelnen Bild danebenliegt. Blinzeln und sich schließende Lippen sind keine Ausreißer",
    "No Face":
        "Kein Gesicht",
    "What the head does where no face was seen":
        "Was der Kopf tut, wo kein Gesicht zu sehen war",
    "Ease to Rest":
        "Zur Ruhe kommen",
    "The face comes to rest while it can't be seen; the head goes on straight":
        "Das Gesicht kommt zur Ruhe, solange es nicht zu sehen ist; der Kopf bewegt sich gleichmäßig weiter",
    "Hold":
        "Halten",
    "What was seen last stays":
        "Was zuletzt zu sehen war, bleibt",
    "Interpolate":
        "Überbrücken",
    "Straight from what was seen last to what is seen next":
        "Gerade von dem, was zuletzt zu sehen war, zu dem, was als Nächstes zu sehen ist",
    "No Keys":
        "Keine Keys",
    "No keys where there is no face":
        "Keine Keys, wo kein Gesicht ist",
    "Mirror":
        "Spiegeln",
    "Swap left and right, of the head's turns too":
        "Links und rechts tauschen, auch bei der Drehung des Kopfes",
    "Symmetry":
        "Symmetrie",
    "How far both sides of the face are made alike. Gaze and head stay":
        "Wie weit beide Seiten des Gesichts angeglichen werden. Blick und Kopf bleiben",
    "Side":
        "Seite",
    "Which side of the face is followed":
        "Welcher Seite des Gesichts gefolgt wird",
    "Both Sides":
        "Beide Seiten",
    "Both sides meet in the middle; lids follow the further shut one, so a wink is a blink":
        "Beide Seiten treffen sich in der Mitte; die Lider folgen dem weiter geschlossenen, so wird aus dem Zwinkern ein Blinzeln",
    "From Left":
        "Von links",
    "The right side follows the left one":
        "Die rechte Seite folgt der linken",
    "From Right":
        "Von rechts",
    "The left side follows the right one":
        "Die linke Seite folgt der rechten",
    "Region":
        "Region",
    "Brows":
        "Brauen",
    "Cheeks":
        "Wangen",
    "Nose":
        "Nase",
    "Mouth":
        "Mund",
    "Tongue":
        "Zunge",
    "Whether this region moves. Off, it stays at rest":
        "Ob sich diese Region bewegt. Aus: sie ruht",
    "How strongly this region moves: 1 as captured. Eyes and lips that close keep closing":
        "Wie stark sich diese Region bewegt: 1 wie erfasst. Augen und Lippen, die sich schließen, schließen sich weiter",
    "How much jitter is taken out of this region: 0 none, 1 as suits most. Blinks and lips that close keep closing":
        "Wie viel Zittern aus dieser Region genommen wird: 0 keines, 1 wie es meist passt. Augen und Lippen, die sich schließen, schließen sich weiter",
    "The 52 channels one by one":
        "Die 52 Kanäle einzeln",
    "Channel":
        "Kanal",
    "The channel that is shown below the list":
        "Der unter der Liste gezeigte Kanal",
    "Active object: {name}":
        "Aktives Objekt: {name}",
    "{frames} frames, {share:.0%} with a face, {date}":
        "{frames} Bilder, {share:.0%} mit Gesicht, {date}",
    "From {strip}":
        "Aus {strip}",
    "Track":
        "Darstellung",
    "A file to play instead of the chosen take, for scripts":
        "Eine Datei, die statt des gewählten Takes gespielt wird, für Skripte",
    "Shape":
        "Form",
    "How the performance is calibrated, cleaned and shaped":
        "Wie die Darstellung kalibriert, gesäubert und geformt wird",
    "Report":
        "Bericht",
    "What the last capture or bake did":
        "Was zuletzt erfasst oder geschrieben wurde",
    "Name":
        "Name",
    "What this take is called":
        "Wie dieser Take heißt",
    "The channels are listed here once keys have been baked":
        "Hier stehen die Kanäle, sobald Keys geschrieben sind",
    "This channel stays at rest":
        "Dieser Kanal ruht",
    "Gain":
        "Verstärkung",
    "How many times as strong this channel is":
        "Wievielmal so stark dieser Kanal ist",
    "Offset":
        "Versatz",
    "What is added to this channel, in units of a full shape key":
        "Was zu diesem Kanal hinzukommt, in vollen Shape Keys",
    "Clamp":
        "Begrenzen",
    "Keep this channel between two values, after gain and offset":
        "Diesen Kanal zwischen zwei Werten halten, nach Verstärkung und Versatz",
    "This channel is never lower":
        "Nie darunter",
    "This channel is never higher":
        "Nie darüber",
    "Mute":
        "Stumm",
    "Threshold":
        "Schwelle",
    "Frames in which FIELDS is less sure than this are doubtful, and so are frames without a face":
        "Bilder, in denen FIELDS weniger sicher ist, sind zweifelhaft, ebenso Bilder ohne Gesicht",
    "Confidence":
        "Sicherheit",
    "How sure FIELDS is of the frame: 1 wholly, 0 where there is no face. A curve of it is in the Graph Editor; it moves nothing":
        "Wie sicher sich FIELDS bei dem Bild ist: 1 ganz, 0 ohne Gesicht. Als Kurve im Grapheneditor; sie bewegt nichts",
    "Confidence Curve":
        "Kurve der Sicherheit",
    "Bake Keys shows how sure FIELDS is as a curve of the head in the Graph Editor":
        "„Keys schreiben“ zeigt als Kurve des Kopfes im Grapheneditor, wie sicher sich FIELDS ist",
    "By Region":
        "Je Region",
    "Bake Keys shows a curve for each region too: the error to expect, in units of a shape key":
        "„Keys schreiben“ zeigt auch für jede Region eine Kurve: den zu erwartenden Fehler, in Shape Keys",
    "Jump to Next Doubtful Frame":
        "Zum nächsten zweifelhaften Bild",
    "Frame {frame}: no face":
        "Bild {frame}: kein Gesicht",
    "Frame {frame}: confidence {confidence:.2f}":
        "Bild {frame}: Sicherheit {confidence:.2f}",
    "Frame {frame}: confidence {confidence:.2f}, unsure of {regions}":
        "Bild {frame}: Sicherheit {confidence:.2f}, unsicher bei {regions}",
    "No doubtful frame after frame {frame}":
        "Kein zweifelhaftes Bild nach Bild {frame}",
    "No doubtful frame before frame {frame}":
        "Kein zweifelhaftes Bild vor Bild {frame}",
    "1 doubtful stretch in all":
        "insgesamt 1 zweifelhafte Stelle",
    "{count} doubtful stretches in all":
        "insgesamt {count} zweifelhafte Stellen",
    "Go to the next frame of the timeline in which FIELDS is not sure of this head's face":
        "Zum nächsten Bild der Zeitleiste gehen, in dem sich FIELDS beim Gesicht dieses Kopfes nicht sicher ist",
    "Direction":
        "Richtung",
    "Where to look for it":
        "Wo gesucht wird",
    "Next":
        "Nächstes",
    "After the current frame":
        "Nach dem aktuellen Bild",
    "Previous":
        "Voriges",
    "Before the current frame":
        "Vor dem aktuellen Bild",
    "This head has no captured track yet. Capture a strip first":
        "Dieser Kopf hat noch keinen Take. Erfasse zuerst einen Strip",
    # 5 Keys
    "Bake Keys":
        "Keys schreiben",
    "Write keys from this head's captured track again, without running the capture":
        "Die Keys aus dem Take dieses Kopfes neu schreiben, ohne noch einmal zu erfassen",
    "Keys":
        "Keys",
    "How many keys are written":
        "Wie viele Keys geschrieben werden",
    "Every Frame":
        "Jedes Bild",
    "A key on every frame: the capture to the last detail, hard to edit by hand":
        "Ein Key in jedem Bild: das Erfasste bis ins Letzte, schwer von Hand zu ändern",
    "Reduced":
        "Verringert",
    "As few keys as stay within the tolerance, with handles: about a tenth, easy to edit":
        "So wenige Keys, wie die Toleranz erlaubt, mit Anfassern: etwa ein Zehntel, leicht zu ändern",
    "On Twos":
        "Auf Zweien",
    "A pose on every second frame, held":
        "In jedem zweiten Bild eine Pose, gehalten",
    "On Fours":
        "Auf Vieren",
    "A pose on every fourth frame, held":
        "In jedem vierten Bild eine Pose, gehalten",
    "Tolerance":
        "Toleranz",
    "How far reduced keys may be from the capture on any frame, in units of a shape key":
        "Wie weit verringerte Keys in irgendeinem Bild vom Erfassten abliegen dürfen, in Shape Keys",
    "How far reduced keys may be from the capture on any frame, in units of a shape key (0.02 is also 0.3 degrees of a bone). Closed lips are kept four times as true":
        "Wie weit verringerte Keys in irgendeinem Bild vom Erfassten abliegen dürfen, in Shape Keys (0,02 sind auch 0,3 Grad eines Knochens). Geschlossene Lippen bleiben viermal so genau",
    "Write":
        "Schreiben",
    "Where the emotion goes":
        "Wohin die Emotion kommt",
    "Baked":
        "Eingerechnet",
    "One plain action with the emotion in it":
        "Eine einfache Action mit der Emotion darin",
    "Layered":
        "In Schichten",
    "Two NLA strips: the performance without its emotion, and the emotion on top, as strong as its influence":
        "Zwei NLA-Strips: die Darstellung ohne Emotion und darüber die Emotion, so stark wie ihr Einfluss",
    "Bake Down":
        "Zusammenrechnen",
    "Make one plain action of the two NLA layers, as they play now":
        "Aus den beiden NLA-Schichten eine einfache Action machen, so wie sie jetzt spielen",
    "1 channel of the emotion's layer baked into the action below":
        "1 Kanal der Emotionsschicht in die Action darunter gerechnet",
    "{count} channels of the emotion's layer baked into the action below":
        "{count} Kanäle der Emotionsschicht in die Action darunter gerechnet",
    "1 strip in the NLA":
        "1 Strip in der NLA",
    "{count} strips in the NLA":
        "{count} Strips in der NLA",
    "Push to NLA":
        "In die NLA schieben",
    "Put the head's keys into strips of the Nonlinear Animation editor: the next bake gets an action of its own":
        "Die Keys des Kopfes in Strips des NLA-Editors legen: die nächsten Keys bekommen eine eigene Action",
    "Blending":
        "Mischung",
    "How the strip goes together with those below it":
        "Wie der Strip mit denen darunter zusammenwirkt",
    "The strip takes the place of what is below":
        "Der Strip ersetzt, was darunter ist",
    "Combine":
        "Verbinden",
    "Shape keys are added, rotations follow each other":
        "Shape Keys werden addiert, Drehungen folgen aufeinander",
    "The strip is added to what is below":
        "Der Strip kommt zu dem hinzu, was darunter ist",
    "Existing Keys":
        "Vorhandene Keys",
    "What becomes of keys that are there already":
        "Was mit Keys geschieht, die schon da sind",
    "What becomes of keys that are there already. Sliders write keys anew only with Replace":
        "Was mit Keys geschieht, die schon da sind. Die Regler schreiben Keys nur bei „Ersetzen“ neu",
    "Replace":
        "Ersetzen",
    "New keys take the place of those in the captured range":
        "Neue Keys ersetzen die im erfassten Bereich",
    "Mix":
        "Mischen",
    "New keys are blended with what is there":
        "Neue Keys werden mit dem gemischt, was da ist",
    "Add":
        "Addieren",
    "What is captured is added to what is there":
        "Das Erfasste kommt zu dem hinzu, was da ist",
    "Share":
        "Anteil",
    "How much of the capture is in the mix":
        "Wie viel vom Erfassten in der Mischung ist",
    "How much of the capture is in the mix: 0 nothing, 1 all":
        "Wie viel vom Erfassten in der Mischung ist: 0 nichts, 1 alles",
    "Which frames get keys":
        "Welche Bilder Keys bekommen",
    "Which frames get keys; the others keep theirs":
        "Welche Bilder Keys bekommen; die anderen behalten ihre",
    "Whole Take":
        "Ganzer Take",
    "Every frame of the take":
        "Jedes Bild des Takes",
    "Only from the scene's start to its end frame":
        "Nur vom ersten bis zum letzten Bild der Szene",
    "Only within the timeline's preview range":
        "Nur im Vorschaubereich der Zeitleiste",
    "Which parts of the face get keys":
        "Welche Teile des Gesichts Keys bekommen",
    "Which parts of the face get keys; the others keep theirs":
        "Welche Teile des Gesichts Keys bekommen; die anderen behalten ihre",
    "New Action":
        "Neue Action",
    "Write a new action and leave the present one as it is":
        "Eine neue Action schreiben und die jetzige lassen, wie sie ist",
    "Action":
        "Action",
    "What new actions are called. Empty: FIELDS and the name of the footage":
        "Wie neue Actions heißen. Leer: FIELDS und der Name der Aufnahme",
    "Unmatched":
        "Ohne Ziel",
    "Captured channels for which this head has no shape key":
        "Erfasste Kanäle, für die dieser Kopf keinen Shape Key hat",
    "Skipped":
        "Übergangen",
    "Channels that were not keyed because they are driven, locked or alike":
        "Kanäle ohne Keys, weil Treiber oder Sperren darauf liegen",
    "{count} Not Keyed: Show":
        "{count} ohne Keys: zeigen",
    "{frames} frames, {gaps} without a face, {keyed} of {channels} channels keyed":
        "{frames} Bilder, {gaps} ohne Gesicht, {keyed} von {channels} Kanälen mit Keys",
    "1 frame, {gaps} without a face, {keyed} of {channels} channels keyed":
        "1 Bild, {gaps} ohne Gesicht, {keyed} von {channels} Kanälen mit Keys",
    "{samples:,} → {keys:,} keys":
        "{samples:,} → {keys:,} Keys",
    "largest error {error:.3f}":
        "größter Fehler {error:.3f}",
    "largest error {error:.3f} and {angle:.2f}°":
        "größter Fehler {error:.3f} und {angle:.2f}°",
    "unmatched: {names}":
        "ohne Ziel: {names}",
    "skipped: {names}":
        "übergangen: {names}",
    "driven":
        "hat einen Treiber",
    "locked":
        "gesperrt",
    "turned as a whole by another row":
        "wird von einer anderen Zeile als Ganzes gedreht",
    "the bone is connected to its parent":
        "der Knochen ist mit seinem Elternknochen verbunden",
    "no part of it moves":
        "nichts daran bewegt sich",
    "“{name}” has no such bone":
        "„{name}“ hat keinen solchen Knochen",
    "cut at {end:g}: overridden":
        "bei {end:g} abgeschnitten: Überschreibung",
    "Existing keys are mixed in, so the sliders wait for Bake Keys":
        "Vorhandene Keys werden eingemischt, deshalb warten die Regler auf „Keys schreiben“",
    # Presets
    "Add FIELDS Preset":
        "FIELDS-Vorgabe hinzufügen",
    "Keep the shaping and keying of this head as a preset, or remove a preset":
        "Formung und Keys dieses Kopfes als Vorgabe aufheben, oder eine Vorgabe entfernen",
    "Use FIELDS Preset":
        "FIELDS-Vorgabe anwenden",
    "Shape and key this head as the preset says; its keys are written anew at once":
        "Diesen Kopf so formen und mit Keys versehen, wie die Vorgabe sagt; seine Keys werden gleich neu geschrieben",
    "File":
        "Datei",
    "The preset":
        "Die Vorgabe",
    "Close-up Acting":
        "Nahaufnahme",
    "Stylised and Strong":
        "Stilisiert und kräftig",
    "Game Every Frame":
        "Spiel, jedes Bild",
    # Mapping
    "Automatic Match":
        "Automatisch zuordnen",
    "List what follows what on this head, found by names, on FLAME heads by geometry. Rows set by hand are lost":
        "Auflisten, was an diesem Kopf wem folgt, gefunden nach Namen, an FLAME-Köpfen nach der Form. Von Hand gesetzte Zeilen gehen verloren",
    "Found anew each time keys are written. Match to see and change it":
        "Wird bei jedem Schreiben neu gefunden. Ordne zu, um es zu sehen und zu ändern",
    "Match by Shape":
        "Nach Form zuordnen",
    "By Shape":
        "Nach Form",
    "List what follows what on this head, found by how its shape keys move the face: for names that tell nothing. In Edit Mode, six selected vertices (outer corners of the eyes, tip of the nose, corners of the mouth, chin) say where the face is. Rows set by hand are lost":
        "Auflisten, was an diesem Kopf wem folgt, gefunden nach der Bewegung, die seine Shape Keys dem Gesicht geben: für Namen, die nichts sagen. Im Edit Mode sagen sechs gewählte Punkte (äußere Augenwinkel, Nasenspitze, Mundwinkel, Kinn), wo das Gesicht ist. Von Hand gesetzte Zeilen gehen verloren",
    "Place Landmarks":
        "Gesichtspunkte setzen",
    "Put small spheres on this head's eyes, mouth, nose and chin. Move those that are off to where their names say":
        "Kleine Kugeln auf Augen, Mund, Nase und Kinn dieses Kopfes setzen. Schiebe die falschen dorthin, wo ihr Name sagt",
    "Add ARKit Shapes":
        "ARKit-Formen hinzufügen",
    "Give this head the ARKit shapes it lacks, as a start to sculpt on. Shape keys that are there stay as they are":
        "Diesem Kopf die ARKit-Formen geben, die ihm fehlen, als Anfang zum Modellieren. Vorhandene Shape Keys bleiben, wie sie sind",
    "This head has no take yet. Capture a strip first":
        "Dieser Kopf hat noch keinen Take. Erfasse zuerst einen Strip",
    "Back to Automatic":
        "Zurück zu Automatisch",
    "Forget this head's rows: what follows what is found by names again, each time keys are written":
        "Die Zeilen dieses Kopfes vergessen: was wem folgt, wird wieder bei jedem Schreiben nach Namen gefunden",
    "Use Preset":
        "Vorgabe nehmen",
    "Preset":
        "Vorgabe",
    "List the rows of a convention you choose, matched to this head's names. Rows set by hand are lost":
        "Die Zeilen einer gewählten Konvention auflisten, den Namen dieses Kopfes zugeordnet. Von Hand gesetzte Zeilen gehen verloren",
    "The convention this head follows":
        "Die Konvention, der dieser Kopf folgt",
    "Add Row":
        "Zeile hinzufügen",
    "Add a row below the active one":
        "Eine Zeile unter der aktiven hinzufügen",
    "Remove Row":
        "Zeile entfernen",
    "Remove the active row":
        "Die aktive Zeile entfernen",
    "Mirror Row":
        "Zeile spiegeln",
    "Let the other side follow as the active row's side does: its row is changed, or added where there is none":
        "Die andere Seite folgen lassen wie die der aktiven Zeile: ihre Zeile wird geändert oder, wo keine ist, hinzugefügt",
    "Rows":
        "Zeilen",
    "Row":
        "Zeile",
    "Which rows to mirror":
        "Welche Zeilen gespiegelt werden",
    "Active Row":
        "Aktive Zeile",
    "The active row alone":
        "Nur die aktive Zeile",
    "Left to Right":
        "Links nach rechts",
    "All rows of the left side":
        "Alle Zeilen der linken Seite",
    "Right to Left":
        "Rechts nach links",
    "All rows of the right side":
        "Alle Zeilen der rechten Seite",
    "Save Mapping":
        "Zuordnung speichern",
    "Save this head's rows as a mapping file, for other heads and files":
        "Die Zeilen dieses Kopfes als Datei speichern, für andere Köpfe und Dateien",
    "Load Mapping":
        "Zuordnung laden",
    "List the rows of a mapping file, matched to this head's names. Rows set by hand are lost":
        "Die Zeilen einer gespeicherten Zuordnung auflisten, den Namen dieses Kopfes zugeordnet. Von Hand gesetzte Zeilen gehen verloren",
    "Copy from Head":
        "Vom Kopf kopieren",
    "List the rows of another head, matched to this head's names. Rows set by hand are lost":
        "Die Zeilen eines anderen Kopfes auflisten, den Namen dieses Kopfes zugeordnet. Von Hand gesetzte Zeilen gehen verloren",
    "The head whose rows to take":
        "Der Kopf, dessen Zeilen genommen werden",
    "Match the head first: its rows are listed then":
        "Ordne zuerst den Kopf zu: dann stehen seine Zeilen hier",
    "What follows what on this head; without any it is found by names":
        "Was an diesem Kopf wem folgt; ohne Zeilen wird es nach Namen gefunden",
    "The row that is shown below the list":
        "Die unter der Liste gezeigte Zeile",
    "What this head's mapping is called":
        "Wie die Zuordnung dieses Kopfes heißt",
    "Which part of the face to list":
        "Welcher Teil des Gesichts gezeigt wird",
    "All":
        "Alle",
    "All rows":
        "Alle Zeilen",
    "Only Doubtful":
        "Nur zweifelhafte",
    "List the rows alone that are unmatched, doubtful or wrong":
        "Nur Zeilen zeigen, die ohne Ziel, zweifelhaft oder falsch sind",
    "Test":
        "Probe",
    "Show this row on the head: 0 as it was, 1 what a full captured shape makes of it. It is put back when you choose another row, save, or write keys":
        "Diese Zeile am Kopf zeigen: 0 wie er war, 1 was eine volle erfasste Form daraus macht. Beim Wählen einer anderen Zeile, Speichern und Schreiben von Keys wird es zurückgestellt",
    "A shape key, on every mesh of the head that has it":
        "Ein Shape Key, auf jedem Mesh des Kopfes, das ihn hat",
    "A bone that moves, turns or scales in one direction":
        "Ein Knochen, der sich in eine Richtung bewegt, dreht oder streckt",
    "Bone Rotation":
        "Knochendrehung",
    "A bone that turns as the head, the jaw or an eye does":
        "Ein Knochen, der sich dreht wie der Kopf, der Kiefer oder ein Auge",
    "Property":
        "Eigenschaft",
    "A custom property, such as one that drivers read":
        "Eine eigene Eigenschaft, etwa eine, die Treiber lesen",
    "Move":
        "Bewegen",
    "Shift it, in units of the face":
        "Ihn verschieben, in Maßen des Gesichts",
    "Turn":
        "Drehen",
    "Turn it, in radians":
        "Ihn drehen, im Bogenmaß",
    "Scale":
        "Strecken",
    "Add to its scale":
        "Zu seiner Größe addieren",
    "Left":
        "Links",
    "To the head's left, whatever the bone's roll":
        "Zur linken Seite des Kopfes, wie auch der Knochen gerollt ist",
    "Up":
        "Oben",
    "Up the head, whatever the bone's roll":
        "Den Kopf hinauf, wie auch der Knochen gerollt ist",
    "Out":
        "Hinaus",
    "Out of the face, whatever the bone's roll":
        "Aus dem Gesicht heraus, wie auch der Knochen gerollt ist",
    "Bone X":
        "Knochen X",
    "Along or about the bone's own x axis":
        "Entlang der x-Achse des Knochens oder um sie",
    "Bone Y":
        "Knochen Y",
    "Along or about the bone's own y axis":
        "Entlang der y-Achse des Knochens oder um sie",
    "Bone Z":
        "Knochen Z",
    "Along or about the bone's own z axis":
        "Entlang der z-Achse des Knochens oder um sie",
    "The distance between the eyes for Left, Up and Out; Blender's units for X, Y and Z":
        "Der Abstand der Augen bei Links, Oben und Hinaus; Blenders Einheiten bei X, Y und Z",
    "Eye Distance":
        "Augenabstand",
    "An amount of 1 is as far as the eyes are apart":
        "Ein Wert von 1 ist so weit, wie die Augen auseinander sind",
    "Mouth Width":
        "Mundbreite",
    "An amount of 1 is as wide as the mouth":
        "Ein Wert von 1 ist so breit wie der Mund",
    "Lid Opening":
        "Lidspalt",
    "An amount of 1 is as far as the lids are apart: it shuts the eye":
        "Ein Wert von 1 ist so weit, wie die Lider auseinander sind: er schließt das Auge",
    "Distance from Eyes":
        "Abstand von den Augen",
    "An amount of 1 is as far as the bone is from the eyes: for targets that eyes look at":
        "Ein Wert von 1 ist so weit, wie der Knochen von den Augen weg ist: für Ziele, auf die Augen sehen",
    "Jaw's Way":
        "Weg des Kiefers",
    "An amount of 1 is as far as the open jaw takes the lower lip":
        "Ein Wert von 1 ist so weit, wie der offene Kiefer die Unterlippe mitnimmt",
    "Source":
        "Quelle",
    "The captured channel it follows, or a formula: jawOpen - mouthClose, 0.5 mouthSmileLeft + 0.5 mouthSmileRight, jawOpen * mouthFunnel, max(eyeBlinkLeft, eyeBlinkRight)":
        "Der erfasste Kanal, dem es folgt, oder eine Formel: jawOpen - mouthClose, 0.5 mouthSmileLeft + 0.5 mouthSmileRight, jawOpen * mouthFunnel, max(eyeBlinkLeft, eyeBlinkRight)",
    "Kind":
        "Art",
    "What follows it":
        "Was ihm folgt",
    "Target":
        "Ziel",
    "The shape key, bone or property that follows it":
        "Der Shape Key, der Knochen oder die Eigenschaft, die ihm folgt",
    "Only On":
        "Nur auf",
    "The mesh, bone or object this row is for, where several have a target of that name; empty for all":
        "Das Mesh, der Knochen oder das Objekt, für das die Zeile gilt, wo mehrere ein Ziel dieses Namens haben; leer für alle",
    "Does":
        "Tut",
    "What the bone does":
        "Was der Knochen tut",
    "Where to, or about which axis":
        "Wohin, oder um welche Achse",
    "Unit":
        "Einheit",
    "How far an amount of 1 moves it":
        "Wie weit ein Wert von 1 ihn bewegt",
    "How strongly it follows; negative the other way":
        "Wie stark es folgt; negativ in die andere Richtung",
    "What it shows at rest":
        "Was es in Ruhe zeigt",
    "Min":
        "Min",
    "It never goes below this; -1000 for no limit":
        "Nie darunter; -1000 für keine Grenze",
    "Max":
        "Max",
    "It never goes above this; 1000 for no limit":
        "Nie darüber; 1000 für keine Grenze",
    "Leave this row out; what its target shows is then yours":
        "Diese Zeile auslassen; was ihr Ziel zeigt, bestimmst dann du",
    "How sure the automatic match is: 1 the same name, 0 nothing on this head is called so":
        "Wie sicher die automatische Zuordnung ist: 1 derselbe Name, 0 nichts an diesem Kopf heißt so",
    "Why":
        "Warum",
    "How this row was found":
        "Wie diese Zeile gefunden wurde",
    # Import and export
    "FIELDS Head":
        "FIELDS-Kopf",
    "Add a head with the 52 ARKit shape keys, ready to be animated":
        "Einen Kopf mit den 52 ARKit-Shape-Keys hinzufügen, bereit zum Animieren",
    "Go to Object Mode first":
        "Geh zuerst in den Objektmodus",
    "Export Performance":
        "Darstellung exportieren",
    "Export the head's facial performance for other tools":
        "Die Darstellung des Kopfes für andere Programme exportieren",
    "ARKit weights and head rotation, for Unreal Engine and most face tools":
        "ARKit-Gewichte und Kopfdrehung, für Unreal Engine und die meisten Gesichtsprogramme",
    "ARKit Weights (.json)":
        "ARKit-Gewichte (.json)",
    "As Audio2Face writes them, one row of 52 weights a frame":
        "Wie Audio2Face sie schreibt, eine Zeile mit 52 Gewichten je Bild",
    "Coefficients of your FLAME release over time, as VHAP writes them":
        "Koeffizienten deiner FLAME-Ausgabe über die Zeit, wie VHAP sie schreibt",
    "FIELDS Track (.npz)":
        "FIELDS-Take (.npz)",
    "Everything that was captured, for FIELDS itself":
        "Alles, was erfasst wurde, für FIELDS selbst",
    "Format":
        "Format",
    "What kind of file to write":
        "Welche Art Datei geschrieben wird",
    "As Shaped":
        "Wie geformt",
    "Export the performance as this head plays it: smoothed, and with its emotion as strong as set. Without, exactly as it was captured":
        "Die Darstellung exportieren, wie dieser Kopf sie spielt: geglättet, mit der Emotion so stark wie gesetzt. Sonst genau wie erfasst",
    "This head has no performance yet. Capture a strip, or import one":
        "Dieser Kopf hat noch keine Darstellung. Erfasse einen Strip oder importiere eine",
    "Import FLAME Head":
        "FLAME-Kopf importieren",
    "Build a head from your own FLAME model file, of any release, ready to be animated":
        "Aus deiner eigenen FLAME-Modelldatei, gleich welcher Ausgabe, einen Kopf bauen, bereit zum Animieren",
    "Identity Keys":
        "Keys der Identität",
    "How many of FLAME's identity axes become shape keys, the most important first":
        "Wie viele von FLAMEs Identitätsachsen zu Shape Keys werden, die wichtigsten zuerst",
    "Expression Keys":
        "Keys des Ausdrucks",
    "How many of FLAME's expression axes become shape keys, the most important first":
        "Wie viele von FLAMEs Ausdrucksachsen zu Shape Keys werden, die wichtigsten zuerst",
    "FLAME Model":
        "FLAME-Modell",
    "Your own FLAME model file (.pkl or .npz, any release): it says what FLAME coefficients mean. Needed to import and export them, unless the head is a FLAME head with expression shape keys":
        "Deine eigene FLAME-Modelldatei (.pkl oder .npz, gleich welche Ausgabe): sie sagt, was FLAME-Koeffizienten bedeuten. Nötig zum Importieren und Exportieren, außer bei einem FLAME-Kopf mit Shape Keys des Ausdrucks",
    "FLAME Head (.pkl/.npz)":
        "FLAME-Kopf (.pkl/.npz)",
    "Import Performance":
        "Darstellung importieren",
    "Import a facial performance (Live Link Face, iFacialMocap, Face Cap, Audio2Face, FLAME) onto the head":
        "Eine Gesichtsdarstellung (Live Link Face, iFacialMocap, Face Cap, Audio2Face, FLAME) auf den Kopf importieren",
    "Facial Performance":
        "Gesichtsdarstellung",
    "Facial Performance (.csv/.txt/.json/.npz/.npy)":
        "Gesichtsdarstellung (.csv/.txt/.json/.npz/.npy)",
    "Facial Performance (.csv/.json/.npz)":
        "Gesichtsdarstellung (.csv/.json/.npz)",
    "Start Frame":
        "Erstes Bild",
    "The scene frame on which the performance begins":
        "Das Bild der Szene, mit dem die Darstellung beginnt",
    "Frame Rate":
        "Bildrate",
    "Frames in a second, for files that do not say it (iFacialMocap, FLAME). 0 takes what is usual for the kind of file":
        "Bilder in der Sekunde, für Dateien, die es nicht sagen (iFacialMocap, FLAME). 0 nimmt, was bei der Art der Datei üblich ist",
    "What the numbers of the head's rotation are, in Live Link Face files":
        "Was die Zahlen der Kopfdrehung in Dateien von Live Link Face bedeuten",
    "Flip Head":
        "Kopf umkehren",
    "Turn the head's yaw and pitch around: for recordings in which the head nods and turns the wrong way, made with the phone held sideways":
        "Nicken und Wenden des Kopfes umkehren: für Aufnahmen mit quer gehaltenem Telefon, in denen sich der Kopf falsch herum bewegt",
    # Preferences
    "Device":
        "Gerät",
    "What runs the networks":
        "Was die Netze rechnet",
    "CUDA where this installation offers it, else the CPU":
        "CUDA, wo diese Installation es bietet, sonst der Prozessor",
    "Always the processor":
        "Immer der Prozessor",
    "The NVIDIA graphics card; the CPU, with the reason, where that does not start":
        "Die NVIDIA-Grafikkarte; wo sie nicht startet, der Prozessor, mit dem Grund",
    "Threads":
        "Threads",
    "How many threads of the processor each network uses. More than two rarely gain anything, and Blender and the video want some too":
        "Wie viele Threads des Prozessors jedes Netz nutzt. Mehr als zwei bringen selten etwas, und Blender und das Video wollen auch welche",
    "Test Device":
        "Gerät prüfen",
    "Run the networks on the chosen device: says what they really run on, why, and how fast":
        "Die Netze auf dem gewählten Gerät rechnen lassen: sagt, worauf sie wirklich laufen, warum und wie schnell",
    "Copy Diagnostics":
        "Diagnose kopieren",
    "Copy the versions and devices that a bug report needs to the clipboard. No names, paths or pictures are in it":
        "Versionen und Geräte, die ein Fehlerbericht braucht, in die Zwischenablage kopieren. Ohne Namen, Pfade und Bilder",
    "Copied. Paste it into the bug report":
        "Kopiert. Füge es in den Fehlerbericht ein",
}
