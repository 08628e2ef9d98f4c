#!/bin/bash
# make_hostile_clips.sh OUTDIR CLIP: awkward variants of CLIP (a video with a face and sound), mostly valid, each in one
# way. With names after CLIP, only these. Needs ffmpeg; no network. A recipe that fails is reported and not fatal: an
# FFmpeg may lack an encoder.
set -u
O=${1:?usage: $0 OUTDIR CLIP [NAME...]}; CLIP=$(realpath "${2:?usage: $0 OUTDIR CLIP [NAME...]}"); shift 2
WANTED=" $* "
mkdir -p "$O" && cd "$O" || exit 1
FF="ffmpeg -hide_banner -v error -nostdin -y -threads 1"
X264="-c:v libx264 -preset ultrafast -crf 20 -pix_fmt yuv420p -threads 1"
X265="-c:v libx265 -preset ultrafast -crf 16 -threads 1"
AAC="-c:a aac -b:a 64k"
SIZE="scale=448:336"

# The face at 448x336, 1.2 s at 25 frames/s, with sound: what every other file is made of. Lossless, so that nothing is
# coded twice.
$FF -t 1.2 -i "$CLIP" -vf $SIZE -c:v libx264 -qp 0 -preset ultrafast -g 15 -c:a pcm_s16le face.mkv || exit 1
$FF -i face.mkv $X264 -g 15 -bf 2 $AAC base_.mp4 || exit 1

mk() {
  local name=$1
  shift
  if [ "$WANTED" != "  " ] && [[ "$WANTED" != *" $name "* ]]; then return; fi
  "$@" >"$name.log" 2>&1 && [ -e "$name" ] || echo "recipe failed: $name: $(head -c 200 "$name.log")"
  rm -f "$name.log"
}

# --- time
mk base.mp4         cp base_.mp4 base.mp4
mk vfr_drop.mp4     $FF -i face.mkv -vf "select='lt(n\,10)+not(mod(n\,4))*lt(n\,20)+gte(n\,20)'" -fps_mode vfr -enc_time_base 1:90000 -video_track_timescale 90000 $X264 $AAC vfr_drop.mp4
mk vfr_jitter.mp4   $FF -i face.mkv -vf "settb=1/90000,setpts='(N+0.45*mod(N*7,3)/2)*3600'" -fps_mode passthrough -enc_time_base 1:90000 -video_track_timescale 90000 $X264 $AAC vfr_jitter.mp4
mk fps_2997.mp4     $FF -i face.mkv -vf "settb=1001/30000,setpts=N" -r 30000/1001 $X264 $AAC -shortest fps_2997.mp4
mk editlist.mp4     $FF -ss 0.3 -i base_.mp4 -c copy editlist.mp4
mk negstart.mkv     $FF -i base_.mp4 -c copy -output_ts_offset -0.5 -avoid_negative_ts disabled negstart.mkv
mk start10.mp4      $FF -i base_.mp4 -c copy -output_ts_offset 10 start10.mp4
mk audio_late.mp4   $FF -i base_.mp4 -itsoffset 0.5 -i base_.mp4 -map 0:v -map 1:a -c copy audio_late.mp4
mk one_frame.mp4    $FF -i face.mkv -an -frames:v 1 $X264 one_frame.mp4
mk ts_discont.ts    bash -c "$FF -i base_.mp4 -c copy d1.ts && cat d1.ts d1.ts > ts_discont.ts; rm -f d1.ts"
# --- picture
# A picture lies as the camera was held; the file says how to turn it (a copy takes that on, an encoding does not).
mk rot90.mp4        bash -c "$FF -i base_.mp4 -vf transpose=1 $X264 -c:a copy r90.mp4; $FF -i r90.mp4 -c copy -metadata:s:v:0 rotate=90 rot90.mp4; rm -f r90.mp4"
mk rot180.mp4       bash -c "$FF -i base_.mp4 -vf hflip,vflip $X264 -c:a copy r180.mp4; $FF -i r180.mp4 -c copy -metadata:s:v:0 rotate=180 rot180.mp4; rm -f r180.mp4"
mk rot270.mov       bash -c "$FF -i base_.mp4 -vf transpose=2 $X264 -c:a copy r270.mov; $FF -i r270.mov -c copy -metadata:s:v:0 rotate=270 rot270.mov; rm -f r270.mov"
mk odd_444.mp4      $FF -i face.mkv -vf "scale=448:336,format=yuv444p,crop=447:335:0:0:exact=1" -c:v libx264 -preset ultrafast -crf 20 -threads 1 $AAC odd_444.mp4
mk sar_4_3.mp4      $FF -i face.mkv -vf "scale=336:336,setsar=4/3" $X264 $AAC sar_4_3.mp4
mk interlaced.mp4   $FF -i face.mkv -vf "tinterlace=interleave_top,fieldorder=tff,setfield=tff" -c:v libx264 -preset ultrafast -flags +ilme+ildct -x264opts tff=1 -pix_fmt yuv420p -threads 1 $AAC interlaced.mp4
# --- samples and colour
mk h264_10bit.mp4   $FF -i face.mkv -c:v libx264 -preset ultrafast -pix_fmt yuv420p10le -threads 1 $AAC h264_10bit.mp4
mk h264_422.mp4     $FF -i face.mkv -c:v libx264 -preset ultrafast -pix_fmt yuv422p -threads 1 $AAC h264_422.mp4
mk h264_444.mp4     $FF -i face.mkv -c:v libx264 -preset ultrafast -pix_fmt yuv444p -threads 1 $AAC h264_444.mp4
mk fullrange.mp4    $FF -i face.mkv -vf scale=in_range=tv:out_range=pc,format=yuvj420p -c:v libx264 -preset ultrafast -color_range pc -colorspace bt709 -color_primaries bt709 -color_trc bt709 -threads 1 $AAC fullrange.mp4
mk bt601.mp4        $FF -i face.mkv $X264 -colorspace smpte170m -color_primaries smpte170m -color_trc smpte170m $AAC bt601.mp4
mk hdr10_pq.mp4     $FF -i face.mkv -vf zscale=tin=bt709:min=bt709:pin=bt709:t=smpte2084:m=bt2020nc:p=bt2020:npl=203,format=yuv420p10le $X265 -x265-params "log-level=none:pools=1:hdr10=1:repeat-headers=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400" -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -tag:v hvc1 $AAC hdr10_pq.mp4
mk hlg.mp4          $FF -i face.mkv -vf zscale=tin=bt709:min=bt709:pin=bt709:t=arib-std-b67:m=bt2020nc:p=bt2020:npl=203,format=yuv420p10le $X265 -x265-params "log-level=none:pools=1:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc" -color_primaries bt2020 -color_trc arib-std-b67 -colorspace bt2020nc -tag:v hvc1 $AAC hlg.mp4
# --- other streams
mk two_audio.mp4    $FF -i face.mkv -f lavfi -i sine=880:r=44100:d=1.2 -map 0:v -map 0:a -map 1:a $X264 $AAC -metadata:s:a:0 language=eng -metadata:s:a:1 language=deu -disposition:a:0 0 -disposition:a:1 default two_audio.mp4
mk pcm.mov          $FF -i face.mkv $X264 -c:a pcm_s16le pcm.mov
mk pcm_to_mp4.mov   $FF -i face.mkv $X264 -c:a pcm_s16le pcm_to_mp4.mov
mk subs_chap.mkv    bash -c "printf '1\n00:00:00,100 --> 00:00:00,500\nhello\n\n2\n00:00:00,600 --> 00:00:01,100\nsecond\n' > s.srt; printf ';FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=600\ntitle=one\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=600\nEND=1200\ntitle=two\n' > c.txt; $FF -i base_.mp4 -i s.srt -i c.txt -map 0 -map 1 -map_metadata 2 -map_chapters 2 -c copy -c:s srt subs_chap.mkv; rm -f s.srt c.txt"
mk attach_font.mkv  bash -c "head -c 20000 /dev/zero > f.ttf; $FF -i base_.mp4 -c copy -attach f.ttf -metadata:s:t mimetype=application/x-truetype-font attach_font.mkv; rm -f f.ttf"
mk cover_art.mp4    bash -c "$FF -i base_.mp4 -frames:v 1 -vf scale=96:72 c.png; $FF -i base_.mp4 -i c.png -map 0 -map 1 -c copy -c:v:1 png -disposition:v:1 attached_pic cover_art.mp4; rm -f c.png"
# --- codecs
mk av1.mp4          $FF -i face.mkv -c:v libsvtav1 -preset 12 -pix_fmt yuv420p $AAC av1.mp4
mk hevc.mkv         $FF -i face.mkv $X265 -x265-params log-level=none:pools=1 -pix_fmt yuv420p $AAC hevc.mkv
mk vp9.webm         $FF -i face.mkv -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 900k -pix_fmt yuv420p -c:a libopus -b:a 64k vp9.webm
# --- damaged
mk trunc60.mp4      bash -c "$FF -i base_.mp4 -c copy -movflags +faststart f.mp4 && head -c \$(( \$(stat -c %s f.mp4)*60/100 )) f.mp4 > trunc60.mp4; rm -f f.mp4"
mk trunc_moov.mp4   bash -c "head -c \$(( \$(stat -c %s base_.mp4)*60/100 )) base_.mp4 > trunc_moov.mp4"
mk bitnoise.mp4     $FF -i base_.mp4 -c copy -bsf:v noise=amount=4000 bitnoise.mp4
mk html.mp4         bash -c "printf '<!DOCTYPE html><html><body><h1>403 Forbidden</h1></body></html>' > html.mp4"
mk zero_byte.mp4    bash -c ": > zero_byte.mp4"
rm -f face.mkv base_.mp4
